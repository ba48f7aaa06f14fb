import { timelineOf, type StudyView, type TrialView } from "@redline/shared";
import { copyEvidence } from "./copy-evidence.ts";
import { copyFacts } from "./copy-facts.ts";
import { trialRow } from "./trial-row.ts";

/** Everything the journal holds of a trial, as data. */
export function trialJson(trial: TrialView, study: StudyView | undefined, asOf: Date) {
  return {
    ...trialRow(trial, study, asOf),
    attempts: trial.attempts.map(({ closed, ...attempt }) => ({
      ...attempt,
      closed: [...closed],
      copies: copyFacts(trial, { ...attempt, closed }),
      evidence: copyEvidence(trial, { ...attempt, closed }),
      timeline: timelineOf({ ...attempt, closed }),
    })),
  };
}
