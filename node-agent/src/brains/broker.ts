import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { brainRequest, type Brain, type BrainReply, type BrainRequest } from "./brain.ts";
import { BrainError, type BrainErrorCode } from "./brain-error.ts";
import { BrokerError, completionBody } from "./broker-wire.ts";

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const MOST_CONNECTIONS = 8;

export interface BrokerOptions {
  /** Path of a Unix socket that does not yet exist; at most 107 bytes. */
  readonly socketPath: string;
  readonly brain: Brain;
  /** Bearer token of this attempt. */
  readonly token: string;
  /** Questions put to the brain; the next is refused. */
  readonly maxRequests: number;
  /** Tokens of prompts and answers together; once reached, the next question is refused. */
  readonly maxTokens?: number | undefined;
  /** Ends questions under way and the broker. */
  readonly signal: AbortSignal;
  /** Hears of every question put to the brain, as it ends. */
  readonly onExchange?: (exchange: Exchange) => void;
}

export interface Exchange {
  readonly request: BrainRequest;
  readonly outcome: { readonly reply: BrainReply } | { readonly error: BrainError };
}

export interface BrokerCounts {
  /** Put to the brain. */
  readonly requests: number;
  /** Answered with an error by the broker itself: token, shape, size, limit. */
  readonly refused: number;
  /** Answered by the brain. */
  readonly answered: number;
  /** Put to the brain, which gave an error. */
  readonly failed: number;
  /** The last question put to the brain found nobody: no connection, no answer in time, or none at all so far. */
  readonly unreachable: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly waitedMs: number;
}

/** Errors that say something of the way to the brain, and nothing of the question. */
const OF_THE_WAY: ReadonlySet<BrainErrorCode> = new Set(["unavailable", "timeout", "rate_limited"]);

export interface BrainBroker extends AsyncDisposable {
  /** A snapshot. */
  readonly counts: BrokerCounts;
}

/**
 * The brain as an agent in a cell sees it: `POST /v1/chat/completions` on a Unix socket that the daemon holds
 * outside. The agent never gets the provider's address or key. Rejects where the socket cannot be made.
 */
export async function startBrainBroker(options: BrokerOptions): Promise<BrainBroker> {
  const { socketPath, brain, maxRequests, maxTokens = Infinity } = options;
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const counts = {
    requests: 0,
    refused: 0,
    answered: 0,
    failed: 0,
    unreachable: false,
    promptTokens: 0,
    completionTokens: 0,
    waitedMs: 0,
  };

  const answer = async (request: IncomingMessage): Promise<unknown> => {
    if (!tokenMatches(request, options.token))
      throw new BrokerError(401, "invalid_api_key", "the token is wrong");
    if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
      throw new BrokerError(404, "not_found", "only POST /v1/chat/completions is served");
    }
    const question = await readQuestion(request);
    const used = counts.promptTokens + counts.completionTokens;
    if (counts.requests >= maxRequests || used >= maxTokens) {
      throw new BrokerError(429, "insufficient_quota", "this attempt's questions to the brain are used up");
    }
    counts.requests++;
    // A slow answer is no fault of the way once the brain has answered before.
    if (counts.answered === 0) counts.unreachable = true;
    const reply = await ask(question);
    return completionBody(reply, brain.label, `chatcmpl-${randomUUID()}`);
  };

  const ask = async (question: BrainRequest): Promise<BrainReply> => {
    try {
      const reply = await brain.complete(question, signal);
      counts.answered++;
      counts.unreachable = false;
      counts.promptTokens += reply.usage.promptTokens;
      counts.completionTokens += reply.usage.completionTokens;
      counts.waitedMs += reply.waitedMs;
      options.onExchange?.({ request: question, outcome: { reply } });
      return reply;
    } catch (cause) {
      const error =
        cause instanceof BrainError ? cause : new BrainError("bad_reply", "the brain failed", { cause });
      counts.failed++;
      counts.unreachable = OF_THE_WAY.has(error.code);
      counts.waitedMs += error.waitedMs;
      options.onExchange?.({ request: question, outcome: { error } });
      throw error;
    }
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const known = BrokerError.from(error);
        if (!(error instanceof BrainError)) counts.refused++;
        // What is left of a body that was refused is not read.
        response.setHeader("connection", "close");
        send(response, known.status, known.body());
      },
    );
  });
  server.maxConnections = MOST_CONNECTIONS;
  const close = async (): Promise<void> => {
    closing.abort();
    if (server.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    await rm(socketPath, { force: true });
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  // The agent has another uid in its cell; the folder that is mounted there and the token are the guard.
  await chmod(socketPath, 0o666);
  const onAbort = () => void close();
  if (options.signal.aborted) await close();
  else options.signal.addEventListener("abort", onAbort, { once: true });
  return {
    get counts() {
      return { ...counts };
    },
    async [Symbol.asyncDispose]() {
      options.signal.removeEventListener("abort", onAbort);
      await close();
    },
  };
}

async function readQuestion(request: IncomingMessage): Promise<BrainRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("a body without encoding comes as bytes");
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) {
      throw new BrokerError(413, "body_too_large", `the body is longer than ${BODY_LIMIT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new BrokerError(400, "not_json", "the body is not JSON");
  }
  const parsed = brainRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BrokerError(
    400,
    "bad_request",
    `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`,
  );
}

/** Digests have one length, so the comparison takes the same time for every token. */
function tokenMatches(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}
