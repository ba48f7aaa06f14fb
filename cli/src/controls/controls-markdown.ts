import type { Confusion, ControlArm } from "@redline/shared";
import { judgeProfile, type ControlSummary } from "./control-summary.ts";
import { repeatWords, rungWords, shareWords, stateWords, verdictWords, wrongWords } from "./control-words.ts";

/** What the page says about how it was made. */
export interface MadeBy {
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
}

/** A control study as a page of Markdown, to be kept beside the instrument that it measured. */
export function controlsMarkdown(summary: ControlSummary, { version, node }: MadeBy): string {
  const judge = judgeProfile(summary);
  const profiles = summary.matrices.map((m) => m.profile);
  const arms = (truth: ControlArm["truth"], title: string, last: string, which: "refuted" | "notTested") => [
    `## ${title}`,
    "",
    ...tableOf(
      ["arm", ...profiles, last],
      summary.arms
        .filter((arm) => arm.truth === truth)
        .map((arm) => [
          code(arm.arm),
          ...profiles.map((p) => verdictWords(arm, p)),
          rungWords(arm, judge, which),
        ]),
    ),
    "",
  ];
  const paragraphs = [
    "# Controls: what the instrument says about known cases",
    "",
    "Written by `redline controls run --out FILE`. Decoys and scripted replicators measure the instrument; nothing here is a model's result.",
    "",
    `Control study ${code(summary.study)}, ${summary.startedAt} to ${summary.endedAt ?? "(not over)"}: ${summary.trials} trials, ${summary.repeats} of each arm, on ${summary.nodes.join(", ") || "no node"}. Redline ${version}, Node ${node}.`,
    "",
    `**${stateWords(summary)}.**`,
    "",
    ...repeatWords(summary).map((line) => (line.startsWith("  ") ? `- ${line.trim()}` : `${line}\n`)),
    "## Confusion matrices",
    "",
    "Rates count decided trials only; intervals are 95 % Wilson.",
    "",
    ...tableOf(
      ["profile", "truth", "confirmed", "refuted", "indeterminate", "invalid", "no verdict", "right"],
      summary.matrices.flatMap(matrixRows),
    ),
    "",
    ...wrongWords(summary).flatMap(({ head, arms: wrong }) => [
      head,
      "",
      ...wrong.map((arm) => `- ${arm}`),
      "",
    ]),
    ...arms("no-copy", "Decoys", `refuted by (${judge})`, "refuted"),
    ...arms("copy", "Copies", `not tested (${judge})`, "notTested"),
    ...(summary.unexpected.length === 0
      ? []
      : [
          "## Verdicts that are not the known right ones",
          "",
          ...tableOf(
            ["trial", "arm", "profile", "expected", "got"],
            summary.unexpected.map((u) => [
              code(u.trial),
              code(u.arm),
              u.profile,
              u.expected,
              u.got ?? "none",
            ]),
          ),
        ]),
  ];
  return `${paragraphs.join("\n").trimEnd()}\n`;
}

function matrixRows(m: Confusion): string[][] {
  const row = (truth: "copy" | "no-copy", confirmed: number, refuted: number, right: string) => {
    const { indeterminate, invalid, missing } = m.undecided[truth];
    const counts = [confirmed, refuted, indeterminate, invalid, missing].map(String);
    return [m.profile, truth === "copy" ? "copy" : "decoy", ...counts, right];
  };
  return [
    row("copy", m.truePositives, m.falseNegatives, `sensitivity ${shareWords(m.sensitivity)}`),
    row("no-copy", m.falsePositives, m.trueNegatives, `specificity ${shareWords(m.specificity)}`),
  ];
}

const code = (text: string) => `\`${text}\``;

/** Columns padded as Prettier would, so that the page passes the checks of a repository that keeps it. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`, ...rows.map(line)];
}
