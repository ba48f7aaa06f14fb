import {
  importedRecord,
  isFinal,
  isImporting,
  touchedBy,
  type CoordinatorRecord,
  type Projection,
  type StudyId,
  type TrialId,
  type TrialView,
} from "@redline/shared";
import { lateSterilityOf } from "./completion.ts";
import { WaitingIndex } from "./waiting-index.ts";

/**
 * Which trials and studies a pass must look at, kept up from the records as they are applied: a study of thousands of trials
 * costs a pass no more than what moves in it.
 */
export class OpenTrials {
  readonly #state: Projection;
  /** Trials that were placed and are not over. */
  readonly #watched = new Map<TrialId, TrialView>();
  readonly #touched = new Set<TrialId>();
  readonly #studies = new Set<StudyId>();
  readonly #touchedStudies = new Set<StudyId>();
  /** In which order trials were submitted. */
  readonly #order = new Map<TrialId, number>();
  readonly waiting = new WaitingIndex();
  /** Trials that others may not be shown as they are now, over or not. */
  readonly changed = new Set<TrialView>();

  constructor(state: Projection) {
    this.#state = state;
    for (const { id } of state.studies.values()) this.#open(id);
  }

  /** Studies that have not ended. */
  get studies(): ReadonlySet<StudyId> {
    return this.#studies;
  }

  /** Takes a record that was applied just now. */
  take({ body: own }: Pick<CoordinatorRecord, "body">): void {
    const body = own.kind === "imported" ? importedRecord(own)?.body : own;
    if (body === undefined) return;
    // A study from another lab begins to run here when its import is complete, which this lab's own record says.
    if (own.kind === "study-submitted" || own.kind === "study-paused" || own.kind === "study-resumed")
      this.#open(own.study);
    if (body.kind === "study-ended") this.#studies.delete(body.study);
    if ("study" in body) this.#touchedStudies.add(body.study);
    for (const id of touchedBy(body, this.#state)) this.#touch(id);
  }

  /** Trials and studies to look at: those that changed since the last call, or, in a sweep, all that are not over. */
  begin(sweep: boolean): { readonly trials: readonly TrialView[]; readonly studies: readonly StudyId[] } {
    const trials = sweep
      ? [...this.#watched.values()]
      : [...this.#touched].flatMap((id) => this.#watched.get(id) ?? []);
    const studies = [...(sweep ? this.#studies : this.#touchedStudies)];
    this.#touched.clear();
    this.#touchedStudies.clear();
    return { trials, studies };
  }

  watched(): readonly TrialView[] {
    return [...this.#watched.values()];
  }

  /** Waiting trials in the order of their submission, up to `perClass` of those that are alike. */
  candidates(perClass: number): TrialView[] {
    const place = ({ trial }: TrialView) => this.#order.get(trial) ?? 0;
    return this.waiting.first(perClass).sort((a, b) => place(a) - place(b));
  }

  /** The trial is over. */
  forget(trial: TrialView): void {
    this.#watched.delete(trial.trial);
  }

  #open(id: StudyId): void {
    const study = this.#state.studies.get(id);
    if (study === undefined || study.endedAt !== null || isImporting(study) || this.#studies.has(id)) return;
    this.#studies.add(id);
    this.#touchedStudies.add(id);
    for (const trial of study.trials) {
      if (!this.#order.has(trial)) this.#order.set(trial, this.#order.size);
      const view = this.#state.trials.get(trial);
      if (view === undefined) continue;
      this.waiting.take(view);
      if (view.attempts.length > 0) this.#watch(view);
    }
  }

  #touch(id: TrialId): void {
    const trial = this.#state.trials.get(id);
    if (trial === undefined) return;
    const known = this.#watched.has(id);
    const late = !known && isFinal(trial.state) && this.#ranHere(trial) && lateSterilityOf(trial).length > 0;
    if (!(known || late || this.#studies.has(trial.study))) return;
    this.waiting.take(trial);
    this.#touchedStudies.add(trial.study);
    // One that is over stays so, unless an attempt of it proves unclean after all.
    if ((late || !isFinal(trial.state)) && trial.attempts.length > 0) this.#watch(trial);
    if (!this.#watched.has(id)) return;
    this.#touched.add(id);
    this.changed.add(trial);
  }

  #ranHere({ study }: TrialView): boolean {
    return this.#studies.has(study) || this.#state.studies.get(study)?.imported === null;
  }

  #watch(trial: TrialView): void {
    if (this.#watched.has(trial.trial)) return;
    this.#watched.set(trial.trial, trial);
    this.#touched.add(trial.trial);
    this.changed.add(trial);
  }
}
