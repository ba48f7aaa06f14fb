/** Whether another try can help is said here, for all providers. */
const RETRYABLE = {
  /** Too many requests (HTTP 429). */
  rate_limited: true,
  /** No connection, or the server failed (HTTP 408, 409, 5xx). */
  unavailable: true,
  /** The server did not answer in time, or fell silent in the middle: another try would take as long again. */
  timeout: false,
  /** The server lets nobody in with this key, has no such model or is elsewhere (HTTP 3xx, 401, 403, 404): whatever is asked. */
  denied: false,
  /** The server does not take this question (other HTTP 4xx). */
  refused: false,
  /** The answer is not in the provider's shape, or too large. */
  bad_reply: false,
  /** The conversation is longer than the model takes, and nothing more of it may be left out. */
  context_overflow: false,
  /** A recording has no further answer. */
  recording_ended: false,
  /** Another than the original would be asked in its place (`self`): who made it so is in the cell. */
  replaced: false,
  /** The caller's signal. */
  aborted: false,
} as const;

export type BrainErrorCode = keyof typeof RETRYABLE;

interface BrainErrorOptions extends ErrorOptions {
  readonly waitedMs?: number;
  readonly retryAfterMs?: number | undefined;
  readonly byServer?: boolean;
  readonly usage?: BrainError["usage"];
}

export class BrainError extends Error {
  readonly code: BrainErrorCode;
  /** Milliseconds spent waiting between the tries before this error. */
  readonly waitedMs: number;
  /** What the server asked for (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The server had the question and failed at it (HTTP 5xx), or ended: the way to it is whole. */
  readonly byServer: boolean;
  /** Tokens used all the same. */
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };

  constructor(code: BrainErrorCode, message: string, options: BrainErrorOptions = {}) {
    super(message, options);
    this.name = "BrainError";
    this.code = code;
    this.waitedMs = options.waitedMs ?? 0;
    this.retryAfterMs = options.retryAfterMs;
    this.byServer = options.byServer ?? false;
    this.usage = options.usage ?? { promptTokens: 0, completionTokens: 0 };
  }

  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}

export function codeOfStatus(status: number): BrainErrorCode {
  if (status === 429) return "rate_limited";
  const elsewhere = status >= 300 && status < 400;
  if (elsewhere || status === 401 || status === 403 || status === 404) return "denied";
  return status === 408 || status === 409 || status >= 500 ? "unavailable" : "refused";
}
