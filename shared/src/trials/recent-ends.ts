import type { AttemptView, StudyView, TrialView } from "./trial-view.ts";

/** How a study's newest attempts ended, as many as its limit on faults looks at: kept in the study itself. */
export class RecentEnds {
  readonly #noted = new WeakSet<AttemptView>();

  /** One entry an attempt: what is said of it later takes the place of what was said first, or of nothing where that is gone. */
  note(study: StudyView | undefined, { trial }: TrialView, ended: AttemptView): void {
    if (study === undefined) return;
    const { attempt, fault, refused, lost, partEnded, devices } = ended;
    const named = (refused ?? lost ?? partEnded)?.node;
    const nodes = named === undefined ? [...new Set(Object.values(devices))] : [named];
    const { recentEnds } = study;
    const end = { trial, attempt, fault, nodes };
    const at = recentEnds.findIndex((one) => one.trial === trial && one.attempt === attempt);
    if (at !== -1) recentEnds.splice(at, 1, end);
    else if (!this.#noted.has(ended)) recentEnds.push(end);
    this.#noted.add(ended);
    if (recentEnds.length > study.definition.faultLimit.of) recentEnds.shift();
  }
}
