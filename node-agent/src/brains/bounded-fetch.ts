import { BrainError } from "./brain-error.ts";
import { statusError } from "./status-error.ts";

export interface FetchLimits {
  /** Ends the request and the reading of its body. */
  readonly signal: AbortSignal;
  /** From the request to the last byte. */
  readonly timeoutMs: number;
  /** Longest silence within a body, once its first byte is there: until then the model reads the question. */
  readonly idleMs: number;
  /** Bytes of a body that are read. */
  readonly replyBytes: number;
  /** Hears of the error too: a client may put an error of its own in its place. */
  readonly onError?: (error: BrainError) => void;
}

/** Of an error's body: enough for its code. */
const ERROR_BYTES = 65_536;

/**
 * A `fetch` for a provider's client: one request, limited in time and size; the body comes as it arrives. Errors are `BrainError`,
 * HTTP statuses too, and those of the body's stream, so that each provider's own error classes and retries never come in.
 */
export function boundedFetch(limits: FetchLimits): typeof fetch {
  return async (input, init) => {
    const request = new OneRequest(limits);
    try {
      const response = await fetch(input, {
        ...init,
        signal: request.signal,
        // The operator allowed this address; where it sends us on to, nobody did.
        redirect: "manual",
      });
      const body = request.bounded(response.body);
      if (!response.ok) {
        const text = await new Response(body).text();
        throw statusError(response.status, text.slice(0, ERROR_BYTES), response.headers.get("retry-after"));
      }
      return new Response(body, { status: response.status, headers: response.headers });
    } catch (cause) {
      throw request.failed(cause);
    }
  };
}

/** The limits of one request. A listener and timers of its own, given back at its end: the caller's signal outlives many requests. */
class OneRequest {
  readonly #limits: FetchLimits;
  readonly #ends = new AbortController();
  readonly #total: NodeJS.Timeout;
  #idle: NodeJS.Timeout | undefined;
  #stopped: BrainError | undefined;

  constructor(limits: FetchLimits) {
    this.#limits = limits;
    const { timeoutMs, signal } = limits;
    this.#total = setTimeout(
      () => this.#stop(new BrainError("timeout", `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#ends.signal;
  }

  /** The body, ended at a limit. */
  bounded(body: Response["body"]): ReadableStream<Uint8Array> {
    const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = body?.getReader();
    let size = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (out) => {
        try {
          const chunk = await reader?.read();
          if (chunk === undefined || chunk.done) {
            this.#close();
            out.close();
            return;
          }
          size += chunk.value.length;
          if (size > this.#limits.replyBytes)
            this.#stop(
              new BrainError("bad_reply", `the answer is longer than ${this.#limits.replyBytes} bytes`),
            );
          if (this.#stopped !== undefined) throw this.#stopped;
          this.#sinceChunk();
          out.enqueue(chunk.value);
        } catch (cause) {
          out.error(this.failed(cause));
        }
      },
      cancel: () => this.#stop(new BrainError("bad_reply", "the rest of the answer was not read")),
    });
  }

  /** Ends the request. */
  failed(cause: unknown): BrainError {
    const error =
      this.#stopped ??
      (cause instanceof BrainError
        ? cause
        : new BrainError("unavailable", `no connection: ${reasonOf(cause)}`, { cause }));
    this.#stop(error);
    this.#limits.onError?.(error);
    return error;
  }

  readonly #onAbort = () => this.#stop(new BrainError("aborted", "the request was stopped"));

  #sinceChunk(): void {
    const { idleMs } = this.#limits;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(
      () => this.#stop(new BrainError("timeout", `the answer stopped for ${idleMs} ms`)),
      idleMs,
    );
  }

  #stop(error: BrainError): void {
    this.#stopped ??= error;
    this.#close();
    this.#ends.abort(this.#stopped);
  }

  #close(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#idle);
    this.#limits.signal.removeEventListener("abort", this.#onAbort);
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") return inner.code;
  return inner instanceof Error ? inner.name : "unknown";
}
