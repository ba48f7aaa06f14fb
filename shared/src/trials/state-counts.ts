import type { StudyId, TrialId } from "../ids.ts";
import { isFinal, TRIAL_STATES, type TrialState, type TrialView } from "./trial-view.ts";

type ByState = Record<TrialState, number>;

/** How many trials there are in each state, kept up as they change: nobody has to go over all of them to know. */
export class StateCounts {
  readonly #last = new Map<TrialId, TrialState>();
  readonly #studies = new Map<StudyId, ByState>();
  readonly #all = zero();

  /** Takes a trial as it is now. */
  count({ trial, study, state }: Pick<TrialView, "trial" | "study" | "state">): void {
    const last = this.#last.get(trial);
    if (last === state) return;
    const own = this.#studies.get(study) ?? zero();
    this.#studies.set(study, own);
    this.#last.set(trial, state);
    for (const counts of [this.#all, own]) {
      if (last !== undefined) counts[last] -= 1;
      counts[state] += 1;
    }
  }

  all(): Readonly<ByState> {
    return this.#all;
  }

  of(study: StudyId): Readonly<ByState> {
    return this.#studies.get(study) ?? zero();
  }

  /** Trials of a study that are not over. */
  openOf(study: StudyId): number {
    const counts = this.of(study);
    return TRIAL_STATES.reduce((sum, state) => sum + (isFinal(state) ? 0 : counts[state]), 0);
  }
}

const zero = (): ByState => ({
  waiting: 0,
  placed: 0,
  running: 0,
  collecting: 0,
  done: 0,
  invalid: 0,
  cancelled: 0,
});
