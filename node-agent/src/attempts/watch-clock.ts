import { pause } from "@redline/daemon";

/** Monotonic milliseconds, and waiting for some; `pause` ends early when the signal aborts. */
export interface WatchClock {
  now(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** The process's own. */
export const watchClock: WatchClock = { now: () => performance.now(), pause };

/**
 * When questions are put in the window that begins `now` and ends at `windowEnds`, ms of one clock: one a minute and at most ten, none
 * that an agent could foresee; and always one in the last third of the asked length, so that what dies early is found dead. At
 * once where other tests have used up the window.
 * @param random in [0, 1)
 */
export function questionTimes(
  now: number,
  windowEnds: number,
  persistMs: number,
  random: () => number,
): number[] {
  const room = Math.max(0, windowEnds - now);
  const third = Math.min(room, persistMs / 3);
  const early = Array.from({ length: Math.min(9, Math.floor(room / 60_000)) }, () => random() * room);
  const late = room - third + random() * third;
  return [...early, late].map((ms) => now + ms).toSorted((a, b) => a - b);
}
