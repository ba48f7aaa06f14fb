import { performance } from "node:perf_hooks";

/** Time as the coordinator sees it. Deadlines use `monoMs` alone: no wall clock of any machine decides anything. */
export interface Clock {
  /** Monotonic milliseconds of this process. */
  monoMs(): number;
  /** Wall time, for people and for expiry of signed commands. */
  now(): Date;
}

export const systemClock: Clock = { monoMs: () => performance.now(), now: () => new Date() };
