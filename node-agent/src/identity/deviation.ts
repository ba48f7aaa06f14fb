import type { Canary, CanaryScore } from "@redline/shared";

/**
 * Mean over a canary's tokens of |log-probability by its chooser - log-probability by the scorer|, nats. Null where one of the two
 * gave none, or not as many as the other.
 */
export function deviationOf(canary: Canary, score: CanaryScore | undefined): number | null {
  if (score === undefined || score.nonce !== canary.nonce || canary.error !== "" || score.error !== "")
    return null;
  const count = canary.logprobs.length;
  if (count === 0 || score.logprobs.length !== count) return null;
  const total = canary.logprobs.reduce(
    (sum, logprob, i) => sum + Math.abs(logprob - (score.logprobs[i] ?? Number.NaN)),
    0,
  );
  return Number.isFinite(total) ? total / count : null;
}

/** One deviation a canary; those that have none are left out. */
export function deviationsOf(canaries: readonly Canary[], scores: readonly CanaryScore[]): number[] {
  return canaries.flatMap((canary, i) => {
    const deviation = deviationOf(canary, scores[i]);
    return deviation === null ? [] : [deviation];
  });
}
