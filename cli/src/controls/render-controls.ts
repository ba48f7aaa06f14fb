import { rowsOf, terminalLine, type Confusion, type ControlArm } from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";
import { table, wrap } from "../terminal/layout.ts";
import { paintVerdict } from "../trials/render-list.ts";
import { judgeProfile, type ControlSummary } from "./control-summary.ts";
import {
  repeatWords,
  rungsInShort,
  rungWords,
  stateWords,
  verdictWords,
  wrongWords,
} from "./control-words.ts";

/** Wrong verdicts that are listed. */
const LISTED = 20;

/** A control study for a terminal: matrices, what caught each decoy, what was wrong, green or not. */
export function renderControls(summary: ControlSummary, paint: Paint, columns: number): string[] {
  const decoys = summary.arms.filter((arm) => arm.truth === "no-copy");
  const copies = summary.arms.filter((arm) => arm.truth === "copy");
  const judge = judgeProfile(summary);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint.strong(title), ...lines];
  return [
    ...wrap(
      `control study ${summary.study} (${terminalLine(summary.file)}), ${summary.endedAt ?? "not over"}: ${summary.trials} trials on ${summary.nodes.join(", ") || "no node"}`,
      columns,
    ),
    ...section("confusion matrix of each profile", matrixTable(summary.matrices)),
    ...section(
      `copies, and rungs that ${judge} could not prove`,
      armTable(summary, copies, paint, columns, "notTested"),
    ),
    ...section(
      `decoys, and rungs that refuted them under ${judge}`,
      armTable(summary, decoys, paint, columns, "refuted"),
    ),
    ...wrongWords(summary).flatMap(({ head, arms }) =>
      section(
        head,
        arms.flatMap((arm) => wrap(arm, columns - 2).map((line) => `  ${line}`)),
      ),
    ),
    ...unexpectedLines(summary, paint),
    "",
    ...repeatWords(summary).flatMap((line) => wrap(line, columns)),
    ...wrap(stateWords(summary), columns).map(summary.green ? paint.good : paint.bad),
  ];
}

function matrixTable(matrices: readonly Confusion[]): string[] {
  const head = ["  profile, truth", "n", "confirmed", "refuted", "undecided", "right", "95 %"];
  const percent = (share: number) => Math.round(share * 100);
  const rows = matrices.flatMap((matrix) =>
    rowsOf(matrix).map(({ truth, trials, confirmed, refuted, undecided, right }) => [
      `  ${matrix.profile}, ${truth === "copy" ? "copies" : "decoys"}`,
      ...[trials, confirmed, refuted, undecided].map(String),
      right.point === null ? "-" : `${percent(right.point)} %`,
      `${percent(right.low)} to ${percent(right.high)} %`,
    ]),
  );
  const leftOut = matrices[0]?.leftOut ?? 0;
  return [
    ...table([head, ...rows], [1, 2, 3, 4, 5, 6]),
    ...(leftOut === 0 ? [] : [`  ${leftOut} trials have no known truth and are left out`]),
  ];
}

/** One row an arm; two lines of it where the terminal is too narrow. */
function armTable(
  summary: ControlSummary,
  arms: readonly ControlArm[],
  paint: Paint,
  columns: number,
  which: "refuted" | "notTested",
): string[] {
  const profiles = summary.matrices.map((m) => m.profile);
  const cells = (arm: ControlArm) => profiles.map((p) => verdictWords(arm, p));
  const rungs = (arm: ControlArm) => rungsInShort(rungWords(arm, judgeProfile(summary), which));
  const rows = arms.map((arm) => [
    `  ${arm.arm}`,
    ...cells(arm).map((words) => paintVerdict(words, paint)),
    rungs(arm),
  ]);
  const wide = table([["  arm", ...profiles, "rungs"], ...rows]);
  if (arms.length === 0 || wide.every((line) => visible(line) <= columns))
    return arms.length === 0 ? [] : wide;
  return arms.flatMap((arm) => {
    const verdicts = profiles.map((p) => `${p} ${verdictWords(arm, p)}`).join(", ");
    return [`  ${arm.arm}`, ...wrap(`${verdicts}; ${rungs(arm)}`, columns - 4).map((line) => `    ${line}`)];
  });
}

const visible = (line: string) => line.replace(/\u001b\[[0-9;]*m/g, "").length;

function unexpectedLines({ unexpected }: ControlSummary, paint: Paint): string[] {
  if (unexpected.length === 0) return [];
  const rows = unexpected.map((u) => [
    `  ${u.trial}`,
    u.arm,
    u.profile,
    `expected ${u.expected}`,
    `got ${u.got ?? "none"}`,
  ]);
  const more = rows.length > LISTED ? [`  and ${rows.length - LISTED} more (all: --json)`] : [];
  return [
    "",
    paint.bad(`not the known right ones: ${unexpected.length} verdicts`),
    ...table(rows.slice(0, LISTED)),
    ...more,
  ];
}
