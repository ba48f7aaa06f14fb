import type { NodeRecord } from "@redline/shared";

/** One exchange of clock readings: `offsetMs` is the coordinator's monotonic clock minus ours, wrong by half the round trip at most. */
export interface ClockSample {
  readonly epoch: number;
  readonly offsetMs: number;
  readonly errorMs: number;
  /** When it was taken, ms of our monotonic clock. */
  readonly takenMs: number;
}

/** Two machines' clocks drift apart by less than this; crystals are within 100 ppm each. */
const DRIFT = 200e-6;
const KEPT = 8;

/**
 * What this node knows of the coordinator's monotonic clock: the best of the last eight exchanges, each of which grows worse as it
 * ages. Begins anew with each term, whose process has a clock of its own, and with this daemon. Who writes a record or judges the age
 * of a command reads it; nothing waits for it.
 */
export class CoordinatorClock {
  readonly #nowMs: () => number;
  #samples: readonly ClockSample[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes a sample; one of a term before the newest is dropped. */
  take(sample: ClockSample): void {
    const known = this.#samples[0]?.epoch ?? 0;
    if (sample.epoch < known) return;
    this.#samples = [...(sample.epoch > known ? [] : this.#samples), sample].slice(-KEPT);
  }

  /** The term whose clock is known; 0: none. */
  get epoch(): number {
    return this.#samples[0]?.epoch ?? 0;
  }

  /** For a record of now; null before the first exchange. */
  reading(): NonNullable<NodeRecord["clock"]> | null {
    const now = this.#nowMs();
    let best: ClockSample | null = null;
    for (const sample of this.#samples)
      if (best === null || errorOf(sample, now) < errorOf(best, now)) best = sample;
    if (best === null) return null;
    const { epoch, offsetMs } = best;
    return {
      epoch,
      offsetMs: rounded(offsetMs),
      errorMs: rounded(errorOf(best, now)),
      ageMs: rounded(Math.max(0, now - best.takenMs)),
    };
  }

  /** The coordinator's monotonic clock now, with the term to which it belongs. */
  now(): { readonly epoch: number; readonly nowMs: number; readonly errorMs: number } | null {
    const reading = this.reading();
    return (
      reading && {
        epoch: reading.epoch,
        nowMs: this.#nowMs() + reading.offsetMs,
        errorMs: reading.errorMs,
      }
    );
  }
}

const errorOf = (sample: ClockSample, nowMs: number) =>
  sample.errorMs + Math.max(0, nowMs - sample.takenMs) * DRIFT;
const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
