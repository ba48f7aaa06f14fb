/** Whether another try can help is said here, for all providers. */
const RETRYABLE = {
  /** Too many requests (HTTP 429). */
  rate_limited: true,
  /** No connection, or the server failed (HTTP 408, 409, 5xx). */
  unavailable: true,
  /** The server did not answer in time, or fell silent in the middle: another try would take as long again. */
  timeout: false,
  /** The server does not take the request (other HTTP 4xx: key, model, size). */
  refused: false,
  /** The answer is not in the provider's shape, or too large. */
  bad_reply: false,
  /** The conversation is longer than the model takes, and nothing more of it may be left out. */
  context_overflow: false,
  /** A recording has no further answer. */
  recording_ended: false,
  /** The caller's signal. */
  aborted: false,
} as const;

export type BrainErrorCode = keyof typeof RETRYABLE;

export class BrainError extends Error {
  readonly code: BrainErrorCode;
  /** Milliseconds spent waiting between the tries before this error. */
  readonly waitedMs: number;
  /** What the server asked for (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: BrainErrorCode,
    message: string,
    options: ErrorOptions & { waitedMs?: number; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options);
    this.name = "BrainError";
    this.code = code;
    this.waitedMs = options.waitedMs ?? 0;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}

export function codeOfStatus(status: number): BrainErrorCode {
  if (status === 429) return "rate_limited";
  return status === 408 || status === 409 || status >= 500 ? "unavailable" : "refused";
}
