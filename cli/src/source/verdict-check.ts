import {
  adjudicate,
  evidenceIn,
  innerRecord,
  type Adjudication,
  type CoordinatorRecord,
  type Projection,
} from "@redline/shared";

/**
 * Recomputes every recorded verdict from the records before it. A chain only says that nobody changed a line after
 * the next one was written: who rewrites a verdict can make the chain anew, but not evidence that gives that verdict.
 */
export class VerdictCheck {
  #checked = 0;
  readonly #different = new Set<string>();

  /** Adjudications recomputed so far: one a profile. */
  get checked(): number {
    return this.#checked;
  }
  /** Trials of which a recorded verdict or claim is not what the evidence gives. */
  get different(): readonly string[] {
    return [...this.#different];
  }

  /** Takes the next record; `state` is that of the records before it. */
  take(record: CoordinatorRecord, state: Projection): void {
    const { body } = innerRecord(record).record;
    if (body.kind !== "adjudicated") return;
    const { key, results } = body;
    const trial = state.trials.get(key.trial);
    const attempt = state.attempt(key);
    const study = trial === undefined ? undefined : state.studies.get(trial.study);
    this.#checked += results.length;
    if (attempt === undefined || study === undefined) {
      this.#different.add(key.trial);
      return;
    }
    const evidence = evidenceIn(attempt.records, attempt.devices, key.trial, key.attempt);
    const due = study.definition.profiles.map((profile) => adjudicate(evidence, profile));
    if (due.map(gist).join() !== results.map(gist).join()) this.#different.add(key.trial);
  }
}

/** What of an adjudication must be the same; its words may differ between versions. */
const gist = ({ profile, verdict, claims }: Adjudication) =>
  JSON.stringify([profile, verdict, claims.map(({ claim, result }) => [claim, result])]);
