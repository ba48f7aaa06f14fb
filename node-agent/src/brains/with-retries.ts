import { setTimeout as sleep } from "node:timers/promises";
import { BrainError } from "./brain-error.ts";
import { Stopwatch } from "./stopwatch.ts";

export interface RetryPolicy {
  /** Tries after the first, where a server is away or fails. A rate limit uses up none of them. */
  readonly retries: number;
  /** Wait before the first retry in milliseconds; doubles each time. */
  readonly backoffMs: number;
  /** Waiting of one question altogether, milliseconds: a rate limit is waited out for so long. */
  readonly mostWaitMs?: number | undefined;
}

/** Of one wait. A server that asks for more is asked too early, and says so again. */
const LONGEST_WAIT_MS = 60_000;
/** Longer than most trials: the attempt's own limits are what ends a wait. */
const MOST_WAIT_MS = 3_600_000;

/**
 * Tries until it works, the error cannot be helped, tries or time to wait run out, or the signal aborts. Hands back how long it
 * waited, on success and in the error: waiting is not the model's time. Nothing is kept from one try to the next.
 * @param waits runs while it waits.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  waits: Stopwatch = new Stopwatch(),
): Promise<{ value: T; waitedMs: number }> {
  const { retries, backoffMs, mostWaitMs = MOST_WAIT_MS } = policy;
  let waitedMs = 0;
  let failures = 0;
  for (let tries = 0; ; tries++) {
    try {
      return { value: await attempt(), waitedMs };
    } catch (error) {
      if (!(error instanceof BrainError)) throw error;
      if (error.code !== "rate_limited") failures += 1;
      // Back-off grows whatever the server asks for: one that asks for no wait at all would be asked without end.
      const backoff = Math.max(1, backoffMs * 2 ** Math.min(tries, 30));
      const waitMs = Math.min(Math.max(error.retryAfterMs ?? 0, backoff), LONGEST_WAIT_MS);
      const over = failures > retries || waitedMs + waitMs > mostWaitMs;
      if (!error.retryable || over || signal.aborted) {
        throw new BrainError(error.code, error.message, { cause: error, waitedMs });
      }
      const begun = performance.now();
      await waits
        .during(() => sleep(waitMs, undefined, { signal }))
        .catch((cause: unknown) => {
          const waited = waitedMs + Math.min(waitMs, performance.now() - begun);
          throw new BrainError("aborted", "stopped while waiting to try again", { cause, waitedMs: waited });
        });
      waitedMs += waitMs;
    }
  }
}
