import { isFinal, TRIAL_STATES, type TrialView } from "@redline/shared";

/** The sentence with which a study ends, or null while a trial is not over. */
export function endOf(trials: readonly TrialView[]): string | null {
  if (!trials.every((trial) => isFinal(trial.state))) return null;
  const parts = TRIAL_STATES.filter(isFinal).flatMap((state) => {
    const of = trials.filter((trial) => trial.state === state);
    if (of.length === 0) return [];
    const reasons = [...new Set(of.map((trial) => trial.why))];
    // A verdict's reason belongs to its trial; why trials have none belongs to the study.
    const why = state === "done" ? "" : ` (${reasons.slice(0, 3).join("; ").slice(0, 600)})`;
    return [`${of.length} ${state}${why}`];
  });
  return `${trials.length} ${trials.length === 1 ? "trial" : "trials"}: ${parts.join(", ")}`;
}
