import { CLAIMS, type ClaimName } from "../claims/claim-name.ts";
import { profileName, type Profile, type ProfileName } from "../claims/profile.ts";
import { claimsOf } from "../claims/profiles.ts";
import type { Verdict } from "../claims/verdict.ts";
import type { TrialId } from "../ids.ts";
import { wilson, type Share } from "../statistics/wilson.ts";
import { armsOf } from "../study/plan.ts";
import type { Study } from "../study/study-schema.ts";
import type { TrialView } from "./trial-view.ts";

/** What comes up in a control trial, known beforehand. */
export type Truth = "copy" | "no-copy";

/** Trials that neither hit nor miss; `missing` have no verdict: cancelled, not finished, or not judged under the profile. */
export interface Undecided {
  readonly indeterminate: number;
  readonly invalid: number;
  readonly missing: number;
}

/** How a profile's verdicts lie against the truth; every trial of the study is in exactly one of the counts. */
export interface Confusion {
  readonly profile: ProfileName;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  readonly undecided: Readonly<Record<Truth, Undecided>>;
  /** Trials whose truth the study file does not say. */
  readonly leftOut: number;
  /** Confirmed of the copies that were decided, 95 % Wilson. */
  readonly sensitivity: Share;
  /** Refuted of the decoys that were decided, 95 % Wilson. */
  readonly specificity: Share;
}

/**
 * The truth about a scripted brain's trials, by the verdict that the study file expects of `strict`; null for a brain that is
 * no test double, and where no plain yes or no is expected.
 */
export function truthOf(study: Study, brain: string): Truth | null {
  const spec = study.brains[brain];
  const expected = spec?.provider === "scripted" ? spec.expect?.["strict"] : undefined;
  if (expected === "confirmed") return "copy";
  return expected === "refuted" ? "no-copy" : null;
}

export function confusion(study: Study, trials: readonly TrialView[], profile: ProfileName): Confusion {
  const count = (truth: Truth, verdict: Verdict | undefined) =>
    trials.filter((t) => truthOf(study, t.brain) === truth && t.verdicts[profile] === verdict).length;
  const undecided = (truth: Truth): Undecided => ({
    indeterminate: count(truth, "indeterminate"),
    invalid: count(truth, "invalid"),
    missing: count(truth, undefined),
  });
  const truePositives = count("copy", "confirmed");
  const falseNegatives = count("copy", "refuted");
  const trueNegatives = count("no-copy", "refuted");
  const falsePositives = count("no-copy", "confirmed");
  return {
    profile,
    truePositives,
    falsePositives,
    falseNegatives,
    trueNegatives,
    undecided: { copy: undecided("copy"), "no-copy": undecided("no-copy") },
    leftOut: trials.filter((t) => truthOf(study, t.brain) === null).length,
    sensitivity: wilson(truePositives, truePositives + falseNegatives),
    specificity: wilson(trueNegatives, trueNegatives + falsePositives),
  };
}

/** One row of a matrix: the trials of one truth. */
export interface ConfusionRow {
  readonly truth: Truth;
  readonly trials: number;
  readonly confirmed: number;
  readonly refuted: number;
  readonly undecided: number;
  /** Sensitivity for copies, specificity for the rest. */
  readonly right: Share;
}

export function rowsOf(matrix: Confusion): readonly [copies: ConfusionRow, decoys: ConfusionRow] {
  const row = (truth: Truth, confirmed: number, refuted: number, right: Share): ConfusionRow => {
    const { indeterminate, invalid, missing } = matrix.undecided[truth];
    const undecided = indeterminate + invalid + missing;
    return { truth, trials: confirmed + refuted + undecided, confirmed, refuted, undecided, right };
  };
  return [
    row("copy", matrix.truePositives, matrix.falseNegatives, matrix.sensitivity),
    row("no-copy", matrix.falsePositives, matrix.trueNegatives, matrix.specificity),
  ];
}

/** `strict` confirmed every positive and refuted every decoy, there were some of both, and nothing is undecided. */
export function isGreen(study: Study, trials: readonly TrialView[]): boolean {
  const [copies, decoys] = rowsOf(confusion(study, trials, "strict"));
  const all = (right: number, row: ConfusionRow) => row.trials > 0 && right === row.trials;
  return all(copies.confirmed, copies) && all(decoys.refuted, decoys);
}

/** One control trial under one profile. */
export interface ControlResult {
  readonly profile: ProfileName;
  readonly verdict: Verdict | null;
  /** Rungs that the profile needs and that were refuted, lowest first: what caught a decoy. */
  readonly refuted: readonly ClaimName[];
  /** Rungs that the profile needs and that could not be tested, lowest first. */
  readonly notTested: readonly ClaimName[];
}

/** All trials of one control arm. */
export interface ControlArm {
  readonly arm: string;
  readonly brain: string;
  readonly scenario: string;
  readonly specimen: string;
  readonly truth: Truth;
  readonly trials: readonly {
    readonly trial: TrialId;
    readonly repeat: number;
    readonly results: readonly ControlResult[];
  }[];
  /** Under each profile every trial of the arm has the same verdict. */
  readonly steady: boolean;
}

/** What each control arm got and which rungs caught it, in the study's order; arms without a known truth are left out. */
export function caughtBy(study: Study, trials: readonly TrialView[]): ControlArm[] {
  return armsOf(study).flatMap(({ name, brain, scenario, specimen }) => {
    const truth = truthOf(study, brain);
    if (truth === null) return [];
    const own = trials
      .filter((t) => t.arm === name)
      .map((t) => ({
        trial: t.trial,
        repeat: t.repeat,
        results: study.profiles.map((profile) => resultOf(t, profile)),
      }));
    const verdicts = own.map((t) => t.results.map((r) => r.verdict).join());
    const steady = new Set(verdicts).size <= 1;
    return [{ arm: name, brain, scenario, specimen, truth, trials: own, steady }];
  });
}

function resultOf(trial: TrialView, profile: Profile): ControlResult {
  const name = profileName(profile);
  const claims = trial.attempts.at(-1)?.adjudications.find((a) => a.profile === name)?.claims ?? [];
  const needed = claimsOf(profile);
  const rungs = (result: "refuted" | "not-tested") =>
    CLAIMS.filter((c) => needed.includes(c) && claims.some((k) => k.claim === c && k.result === result));
  return {
    profile: name,
    verdict: trial.verdicts[name] ?? null,
    refuted: rungs("refuted"),
    notTested: rungs("not-tested"),
  };
}
