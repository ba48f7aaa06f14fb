import { BrainError, codeOfStatus } from "./brain-error.ts";

export interface FetchLimits {
  /** Ends the request and the reading of its body. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly replyBytes: number;
  /** Hears of the error too: a client may put an error of its own in its place. */
  readonly onError?: (error: BrainError) => void;
}

/**
 * A `fetch` for a provider's client: one request, limited in time and size. Errors are `BrainError`, HTTP
 * statuses too, so that each provider's own error classes and retries never come in.
 */
export function boundedFetch({ signal, timeoutMs, replyBytes, onError }: FetchLimits): typeof fetch {
  return async (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const failed = (cause: unknown): BrainError => {
      if (cause instanceof BrainError) return cause;
      if (signal.aborted) return new BrainError("aborted", "the request was stopped", { cause });
      if (timeout.aborted) return new BrainError("timeout", `no answer within ${timeoutMs} ms`, { cause });
      return new BrainError("unavailable", `no connection: ${reasonOf(cause)}`, { cause });
    };
    try {
      const response = await fetch(input, {
        ...init,
        signal: AbortSignal.any([signal, timeout]),
        // The operator allowed this address; where it sends us on to, nobody did.
        redirect: "manual",
      });
      const body = await read(response, replyBytes);
      if (!response.ok) throw statusError(response, body);
      return new Response(body, { status: response.status, headers: response.headers });
    } catch (cause) {
      const error = failed(cause);
      onError?.(error);
      throw error;
    }
  };
}

async function read(response: Response, limit: number): Promise<string> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return Buffer.concat(chunks).toString("utf8");
    size += chunk.value.length;
    if (size > limit) {
      await reader?.cancel();
      throw new BrainError("bad_reply", `the answer is longer than ${limit} bytes`);
    }
    chunks.push(chunk.value);
  }
}

function statusError(response: Response, body: string): BrainError {
  // A server may repeat what it was sent, the key too: only the status and a short code-like hint go on.
  const hint = /"(?:code|type)"\s*:\s*"([\w.-]{1,64})"/.exec(body)?.[1];
  const message = `HTTP ${response.status}${hint === undefined ? "" : ` (${hint})`}`;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  return new BrainError(codeOfStatus(response.status), message, { retryAfterMs });
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") return inner.code;
  return inner instanceof Error ? inner.name : "unknown";
}
