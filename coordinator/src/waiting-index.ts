import type { TrialId, TrialView } from "@redline/shared";

/**
 * Waiting trials by equal prospects: those of one arm whose attempts failed in the same way on the same nodes. What is true of the first
 * of a class is true of all, so that a pass looks at as many of each as could start, however many wait.
 */
export class WaitingIndex {
  readonly #classes = new Map<string, Map<TrialId, TrialView>>();
  readonly #classOf = new Map<TrialId, string>();

  get size(): number {
    return this.#classOf.size;
  }

  /** Takes a trial as it is now. */
  take(trial: TrialView): void {
    const wanted = trial.state === "waiting" ? prospects(trial) : undefined;
    const known = this.#classOf.get(trial.trial);
    if (known === wanted) return;
    if (known !== undefined) this.#drop(trial.trial, known);
    if (wanted === undefined) return;
    const members = this.#classes.get(wanted) ?? new Map<TrialId, TrialView>();
    this.#classes.set(wanted, members);
    members.set(trial.trial, trial);
    this.#classOf.set(trial.trial, wanted);
  }

  /** Up to `perClass` trials of each class, those that came first. */
  first(perClass: number): TrialView[] {
    const found: TrialView[] = [];
    for (const members of this.#classes.values()) {
      let left = perClass;
      for (const trial of members.values()) {
        if (left <= 0) break;
        found.push(trial);
        left -= 1;
      }
    }
    return found;
  }

  /** All trials with the prospects of this one, itself too. */
  likeIt(trial: TrialId): TrialView[] {
    const name = this.#classOf.get(trial);
    return name === undefined ? [] : [...(this.#classes.get(name)?.values() ?? [])];
  }

  #drop(trial: TrialId, name: string): void {
    this.#classOf.delete(trial);
    const members = this.#classes.get(name);
    members?.delete(trial);
    if (members?.size === 0) this.#classes.delete(name);
  }
}

function prospects({ study, arm, attempts }: TrialView): string {
  const failed = attempts.flatMap((attempt) =>
    attempt.fault === null
      ? []
      : [[attempt.fault, attempt.devices, (attempt.refused ?? attempt.lost ?? attempt.partEnded)?.node]],
  );
  return JSON.stringify([study, arm, failed]);
}
