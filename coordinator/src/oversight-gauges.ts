import { budgetUse, usedShare, waitingApprovals, type Budget, type Projection } from "@redline/shared";
import { BY_BUDGET } from "./budget-hold.ts";
import { BY_FAULTS } from "./fault-hold.ts";

/** Who may pause a study, as labels: which person it was stands in the journal. */
export const PAUSED_BY = [BY_BUDGET, BY_FAULTS, "person"] as const;

/** What the journal says of the talk with the brains and of the people who look on, over all studies. */
export interface OversightNumbers {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars, of what had a price. */
  readonly costUsd: number;
  readonly approvalsWaiting: number;
  readonly attemptsPaused: number;
  /** Trials that wait since their study is paused, and for nothing else. */
  readonly trialsHeld: number;
  readonly studiesPaused: Readonly<Record<(typeof PAUSED_BY)[number], number>>;
  /** The largest used share of any study that is not over; 0 where none has a budget of that name. */
  readonly budgetUsed: Readonly<Record<keyof Budget, number>>;
}

/** Goes over every attempt of the journal: for a scrape, not for a pass. */
export function oversightNumbers(
  state: Pick<Projection, "studies" | "trials" | "trialsOf">,
): OversightNumbers {
  const attempts = [...state.trials.values()].flatMap((trial) => trial.attempts);
  const open = [...state.studies.values()].filter((study) => study.endedAt === null);
  const uses = open
    .filter(({ budget }) => Object.keys(budget).length > 0)
    .map((study) => ({ budget: study.budget, use: budgetUse(study, state.trialsOf(study.id)) }));
  const largest = (name: keyof Budget) =>
    uses.reduce((most, { budget, use }) => Math.max(most, usedShare(budget, use, name) ?? 0), 0);
  const holder = (who: string) => (who === BY_BUDGET || who === BY_FAULTS ? who : "person");
  const pausedBy = (by: (typeof PAUSED_BY)[number]) =>
    open.filter(({ paused }) => paused !== null && holder(paused.who) === by).length;
  return {
    promptTokens: attempts.reduce((sum, attempt) => sum + attempt.promptTokens, 0),
    completionTokens: attempts.reduce((sum, attempt) => sum + attempt.completionTokens, 0),
    costUsd: attempts.reduce((sum, attempt) => sum + (attempt.costUsd ?? 0), 0),
    approvalsWaiting: attempts.reduce((sum, attempt) => sum + waitingApprovals(attempt).length, 0),
    attemptsPaused: attempts.filter(({ paused, endedAt }) => paused && endedAt === null).length,
    trialsHeld: open
      .filter(({ paused }) => paused !== null)
      .flatMap(({ id }) => state.trialsOf(id))
      .filter((trial) => trial.state === "waiting").length,
    studiesPaused: {
      [BY_BUDGET]: pausedBy(BY_BUDGET),
      [BY_FAULTS]: pausedBy(BY_FAULTS),
      person: pausedBy("person"),
    },
    budgetUsed: { tokens: largest("tokens"), costUsd: largest("costUsd"), timeS: largest("timeS") },
  };
}
