import {
  budgetUse,
  usedUp,
  type CoordinatorRecordBody,
  type NoPerson,
  type StudyView,
  type TrialView,
} from "@redline/shared";

/** In whose name the coordinator pauses a study; a person cannot have it. */
export const BY_BUDGET = "budget" satisfies NoPerson;

/**
 * What is due about a study's budget: to pause it when something is used up and a trial waits for an attempt, to resume it when there is
 * room again. Null where it is as it should be. What a person paused is the person's to resume, and is then paused for its budget if that
 * is used up.
 */
export function budgetHold(
  study: StudyView,
  trials: () => readonly TrialView[],
): CoordinatorRecordBody | null {
  const { id, budget, paused } = study;
  const held = paused?.who === BY_BUDGET;
  if (study.endedAt !== null || (paused !== null && !held)) return null;
  const reasons = Object.keys(budget).length === 0 ? [] : usedUp(budget, budgetUse(study, trials()));
  const over = reasons.length > 0;
  if (held === over || (over && !trials().some(({ state }) => state === "waiting"))) return null;
  return held
    ? { kind: "study-resumed", study: id, who: BY_BUDGET, why: "there is room in the budget again" }
    : {
        kind: "study-paused",
        study: id,
        who: BY_BUDGET,
        why: `the budget is used up: ${reasons.join(", ")}`.slice(0, 300),
      };
}
