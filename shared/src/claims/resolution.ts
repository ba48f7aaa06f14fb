import type { Calibration } from "../evidence/identity-evidence.ts";

/** What the instrument can tell apart with one specimen on one node. */
export type Resolution =
  | {
      readonly ok: true;
      /** Deviation up to which two answers are one model's, nats. */
      readonly tolerance: number;
      /** Median deviation of the nearest neighbour: the next thing that could be mistaken for the original, nats. */
      readonly nearest: number;
    }
  | { readonly ok: false; readonly why: string };

/**
 * A tolerance under what serial repeats on one machine give would call rounding of sums another model. Measured with
 * the tiny model: original against itself up to 0.0003, its weights rounded to F16 0.003 to 0.017, to Q8 0.08 to 0.5.
 */
const LEAST_TOLERANCE = 0.002;
/** Times the largest deviation of the original from itself. */
const SELF_FACTOR = 5;

/** The original against itself sets the tolerance; all near neighbours must be above it, or the test tells nothing. */
export function resolutionOf({ self, neighbours }: Calibration): Resolution {
  const own = self.filter(Number.isFinite);
  if (own.length === 0) return { ok: false, why: "the original was not measured against itself" };
  if (neighbours.length === 0)
    return { ok: false, why: "no near neighbour of the model was there to be rejected" };
  const tolerance = Math.max(LEAST_TOLERANCE, SELF_FACTOR * Math.max(...own));
  const measured = neighbours.map(({ name, deviations }) => ({ name, median: medianOf(deviations) }));
  const missed = measured.find(({ median }) => median === null || median <= tolerance);
  if (missed !== undefined) {
    const at = missed.median === null ? "it gave no numbers" : `deviation ${nats(missed.median)}`;
    const why = `the near neighbour ${missed.name.slice(0, 100)} was not told from the original: ${at}, tolerance ${nats(tolerance)}`;
    return { ok: false, why };
  }
  return { ok: true, tolerance, nearest: Math.min(...measured.flatMap(({ median }) => median ?? [])) };
}

/** Median, the mean of the two in the middle of an even number; null of nothing. What is not finite is left out. */
export function medianOf(values: readonly number[]): number | null {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** A deviation for people. */
export const nats = (value: number) => `${value.toPrecision(2)} nats`;
