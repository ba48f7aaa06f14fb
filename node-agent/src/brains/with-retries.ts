import { setTimeout as sleep } from "node:timers/promises";
import { BrainError } from "./brain-error.ts";

export interface RetryPolicy {
  /** Tries after the first. */
  readonly retries: number;
  /** Wait before the first retry in milliseconds; doubles each time. */
  readonly backoffMs: number;
}

const MOST_WAIT_MS = 60_000;

/**
 * Tries until it works, the error cannot be helped, tries run out or the signal aborts. Hands back how long it
 * waited, on success and in the error: waiting is not the model's time.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<{ value: T; waitedMs: number }> {
  let waitedMs = 0;
  for (let tries = 0; ; tries++) {
    try {
      return { value: await attempt(), waitedMs };
    } catch (error) {
      if (!(error instanceof BrainError)) throw error;
      if (!error.retryable || tries >= policy.retries || signal.aborted) {
        throw new BrainError(error.code, error.message, { cause: error, waitedMs });
      }
      const waitMs = Math.min(error.retryAfterMs ?? policy.backoffMs * 2 ** tries, MOST_WAIT_MS);
      await sleep(waitMs, undefined, { signal }).catch((cause: unknown) => {
        throw new BrainError("aborted", "stopped while waiting to try again", { cause, waitedMs });
      });
      waitedMs += waitMs;
    }
  }
}
