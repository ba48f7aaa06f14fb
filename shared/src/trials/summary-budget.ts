import type { Budget } from "../study/budget.ts";
import { costOf } from "../study/price.ts";
import { priceOf } from "../study/study-schema.ts";
import type { StudyView, TrialView } from "./trial-view.ts";

/** What a study's attempts used so far, by the names of its budget. */
export type BudgetUse = Readonly<Record<keyof Budget, number>>;

export const BUDGET_NAMES = ["tokens", "costUsd", "timeS"] as const satisfies readonly (keyof Budget)[];

/**
 * Sums over all attempts, ended or not, those that gave no verdict too: tokens and cost as each exchange was recorded, agent time as
 * each run phase was. What runs now counts its tokens at once and its time when its run is over. An exchange that was recorded without
 * a price is counted by the study's.
 */
export function budgetUse(study: Pick<StudyView, "definition">, trials: readonly TrialView[]): BudgetUse {
  const use = { tokens: 0, costUsd: 0, timeS: 0 };
  for (const trial of trials) {
    const brain = study.definition.brains[trial.brain];
    const price = brain === undefined ? undefined : priceOf(study.definition, brain);
    for (const attempt of trial.attempts) {
      use.tokens += attempt.promptTokens + attempt.completionTokens;
      use.costUsd += attempt.costUsd ?? costOf(price, attempt) ?? 0;
      for (const { phase, ms } of attempt.phases) if (phase === "run") use.timeS += ms / 1000;
    }
  }
  return use;
}

/** Names of what is used up, in a sentence of the form `tokens: 5200 of 5000`; empty while there is room in everything. */
export function usedUp(budget: Budget, use: BudgetUse): string[] {
  return BUDGET_NAMES.flatMap((name) => {
    const most = budget[name];
    return most === undefined || use[name] < most ? [] : [`${name}: ${rounded(use[name])} of ${most}`];
  });
}

/** The largest share of a budget that is used: 1 and more where it is used up; null without a budget of that name. */
export function usedShare(budget: Budget, use: BudgetUse, name: keyof Budget): number | null {
  const most = budget[name];
  return most === undefined ? null : use[name] / most;
}

/** Sums of many floats look like 0.30000000000000004. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
