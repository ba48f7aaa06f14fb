import {
  CLAIMS,
  rowsOf,
  rungOf,
  VERDICTS,
  type ClaimName,
  type ControlArm,
  type ProfileName,
  type Share,
} from "@redline/shared";
import { judgeProfile, resultsUnder, wronglyConfirmed, type ControlSummary } from "./control-summary.ts";

/** `confirmed`, or how often which where the repeats differ: `confirmed 4, refuted 1`; `none` has no verdict. */
export function verdictWords(arm: ControlArm, profile: ProfileName): string {
  const got = resultsUnder(arm, profile).map(({ verdict }) => verdict ?? "none");
  const counts = [...VERDICTS, "none"]
    .map((verdict) => ({ verdict, n: got.filter((g) => g === verdict).length }))
    .filter(({ n }) => n > 0);
  if (counts.length <= 1) return counts[0]?.verdict ?? "none";
  return counts.map(({ verdict, n }) => `${verdict} ${n}`).join(", ");
}

/** The rungs that refuted an arm's trials under a profile, lowest first: `4 own-bytes, 7 independent`; a dash without any. */
export function rungWords(arm: ControlArm, profile: ProfileName, which: "refuted" | "notTested"): string {
  const found = resultsUnder(arm, profile).flatMap((r) => r[which]);
  const rungs = CLAIMS.filter((claim: ClaimName) => found.includes(claim));
  return rungs.map((claim) => `${rungOf(claim)} ${claim}`).join(", ") || "-";
}

/** The same, short: the lowest rung by its name, the others by their numbers. */
export function rungsInShort(words: string): string {
  const [lowest = "", ...more] = words.split(", ");
  return more.length === 0 ? lowest : `${lowest} (and ${more.map((rung) => rung.split(" ")[0]).join(" ")})`;
}

/** `92 % (64 to 100 %)`, `-` of nothing. */
export const shareWords = ({ point, low, high }: Share): string =>
  point === null ? "-" : `${percent(point)} % (${percent(low)} to ${percent(high)} %)`;
const percent = (share: number) => Math.round(share * 100);

/** Why a control study is not green, or that it is. */
export function stateWords(summary: ControlSummary): string {
  const strict = summary.matrices.find((m) => m.profile === "strict");
  if (summary.green) return "GREEN: strict confirmed every copy and no decoy, and nothing is undecided";
  if (summary.endedAt === null) return "NOT GREEN: the control study is not over";
  if (strict === undefined) return "NOT GREEN: the study does not list the profile strict";
  const [copies, decoys] = rowsOf(strict);
  const undecided = copies.undecided + decoys.undecided;
  const reasons = [
    ...(decoys.confirmed > 0
      ? [`strict confirmed ${decoys.confirmed} of ${decoys.trials} decoy trials`]
      : []),
    ...(copies.refuted > 0 ? [`strict refuted ${copies.refuted} of ${copies.trials} trials of copies`] : []),
    ...(undecided > 0
      ? [`undecided under strict: ${undecided} of ${copies.trials + decoys.trials} trials`]
      : []),
    ...(copies.confirmed === 0 ? ["no copy was confirmed"] : []),
    ...(decoys.refuted === 0 ? ["no decoy was refuted"] : []),
  ];
  return `NOT GREEN: ${reasons.join("; ")}`;
}

/** Whether repeats agree, and which arms do not; empty for a single repeat. */
export function repeatWords(summary: ControlSummary): string[] {
  const { repeats, arms, matrices } = summary;
  if (repeats < 2) return [];
  const unsteady = arms.filter((arm) => !arm.steady);
  if (unsteady.length === 0) return [`repeats: ${repeats} of each arm, all with the same verdicts`];
  return [
    `repeats: ${repeats} of each arm; ${unsteady.length} of ${arms.length} arms did NOT get the same verdicts in all of them:`,
    ...unsteady.map(
      (arm) =>
        `  ${arm.arm}: ${matrices.map((m) => `${m.profile} ${verdictWords(arm, m.profile)}`).join("; ")}`,
    ),
  ];
}

/** For each profile that confirmed decoys: how many, and which. */
export function wrongWords(summary: ControlSummary): { readonly head: string; readonly arms: string[] }[] {
  return summary.matrices
    .filter((m) => m.falsePositives > 0)
    .map((m) => ({
      head: `${m.profile} wrongly confirmed ${m.falsePositives} of ${m.falsePositives + m.trueNegatives} decided decoy trials:`,
      arms: wronglyConfirmed(summary, m.profile).map(
        (arm) => `${arm.arm}${m.profile === judgeProfile(summary) ? "" : caught(arm, summary)}`,
      ),
    }));
}

const caught = (arm: ControlArm, summary: ControlSummary) =>
  ` (${judgeProfile(summary)} ${verdictWords(arm, judgeProfile(summary))}: ${rungWords(arm, judgeProfile(summary), "refuted")})`;
