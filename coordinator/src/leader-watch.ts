import type { LeaderSeen } from "./leader-key.ts";

/** A leader whose key did not change for so long is counted as gone, ms. */
export const GONE_MS = 2500;
/** A look that comes so long after the one before proves nothing about the time in between, ms. */
const GAP_MS = 1000;

/** Says when a leader is gone, from looks at its key and the own monotonic clock alone: no wall clock and no expiry of the server. */
export class LeaderWatch {
  #revision = -1;
  #sinceMs = 0;
  #lastMs = -Infinity;

  /** @param seen null: the key could not be read. @returns whether the same revision was seen all the while, for long enough. */
  isGone(seen: LeaderSeen | null, nowMs: number): boolean {
    const gap = nowMs - this.#lastMs > GAP_MS;
    this.#lastMs = nowMs;
    if (seen === null || gap || seen.revision !== this.#revision) {
      this.#revision = seen?.revision ?? -1;
      this.#sinceMs = nowMs;
      return false;
    }
    return nowMs - this.#sinceMs >= GONE_MS;
  }
}
