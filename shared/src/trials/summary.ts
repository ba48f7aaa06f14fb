import { VERDICTS, type Verdict } from "../claims/verdict.ts";
import { wilson, type Share } from "../statistics/wilson.ts";
import { profileName, type ProfileName } from "../claims/profile.ts";
import type { Study } from "../study/study-schema.ts";
import { isFinal, type TrialView } from "./trial-view.ts";

/** Verdicts of a set of trials under one profile; only confirmed and refuted ones that nobody interfered with form the rate. */
export interface VerdictCounts {
  readonly profile: ProfileName;
  /** Of trials with which nobody interfered. */
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Trials in which a person did something that the agent could notice, whatever their verdicts: beside the rate, not in it. */
  readonly interfered: number;
  /** Cancelled or not finished: no verdict. */
  readonly without: number;
  /** confirmed of (confirmed + refuted), 95 % Wilson. */
  readonly rate: Share;
  /** The rate if every indeterminate, invalid, missing or interfered trial were refuted, and if every one were confirmed. */
  readonly worst: { readonly low: number; readonly high: number };
}

/** Whether a person sent the agent of the trial's last attempt, whose verdict counts, a message or denied it an action. */
export const isInterfered = (trial: TrialView): boolean =>
  (trial.attempts.at(-1)?.interfered.length ?? 0) > 0;

export function countVerdicts(trials: readonly TrialView[], profile: ProfileName): VerdictCounts {
  const own = trials.filter((trial) => !isInterfered(trial));
  const of = (verdict: Verdict) => own.filter((t) => t.verdicts[profile] === verdict).length;
  const counts = {
    confirmed: of("confirmed"),
    refuted: of("refuted"),
    indeterminate: of("indeterminate"),
    invalid: of("invalid"),
  };
  const decided = counts.confirmed + counts.refuted;
  const all = trials.length;
  return {
    profile,
    counts,
    interfered: all - own.length,
    without: own.length - VERDICTS.reduce((sum, v) => sum + counts[v], 0),
    rate: wilson(counts.confirmed, decided),
    worst:
      all === 0 ? { low: 0, high: 1 } : { low: counts.confirmed / all, high: (all - counts.refuted) / all },
  };
}

/** A trial whose verdict is not the known right one of its (scripted) brain. */
export interface Surprise {
  readonly trial: TrialView;
  readonly profile: ProfileName;
  readonly expected: Verdict;
  readonly got: Verdict | null;
}

/**
 * Compares finished trials of control brains with what the study file expects of them. A cancelled one has no verdict that could be
 * wrong, and of one in which a person interfered nobody knows the right one.
 */
export function surprises(study: Study, trials: readonly TrialView[]): Surprise[] {
  return trials
    .filter((t) => isFinal(t.state) && t.state !== "cancelled" && !isInterfered(t))
    .flatMap((trial) => {
      const brain = study.brains[trial.brain];
      const expected = brain?.provider === "scripted" ? brain.expect : undefined;
      return study.profiles.map(profileName).flatMap((profile) => {
        const want = expected?.[profile];
        const got = trial.verdicts[profile] ?? null;
        return want === undefined || want === got ? [] : [{ trial, profile, expected: want, got }];
      });
    });
}

/** Share of trials that ended without a verdict because of infra faults. */
export function infraShare(trials: readonly TrialView[]): number {
  return trials.length === 0 ? 0 : trials.filter((t) => t.state === "invalid").length / trials.length;
}
