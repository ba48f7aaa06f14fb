import type { Canary, CanaryScore } from "./identity-evidence.ts";

/**
 * Mean over a canary's tokens of |log-probability by its chooser - log-probability by the scorer|, nats. Null where one of the two
 * gave none, or not as many as the other.
 */
export function deviationOf(canary: Canary | undefined, score: CanaryScore | undefined): number | null {
  if (canary === undefined || score === undefined || score.nonce !== canary.nonce) return null;
  if (canary.error !== "" || score.error !== "") return null;
  const [own, other] = [canary.logprobs, score.logprobs];
  if (own.length === 0 || own.length !== canary.tokens.length || own.length !== other.length) return null;
  const total = own.reduce((sum, logprob, i) => sum + Math.abs(logprob - (other[i] ?? Number.NaN)), 0);
  return Number.isFinite(total) ? total / own.length : null;
}

/** One deviation a canary; those that have none are left out. */
export function deviationsOf(canaries: readonly Canary[], scores: readonly CanaryScore[]): number[] {
  return canaries.flatMap((canary, i) => {
    const deviation = deviationOf(canary, scores[i]);
    return deviation === null ? [] : [deviation];
  });
}
