import { terminalLine, type EscapeResult } from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";
import { table } from "../terminal/layout.ts";
import { isGreen, type SelfTestOutcome } from "./order-self-tests.ts";

const WORDS = {
  stopped: "stopped",
  detected: "detected",
  "not-tested": "not tested",
  escaped: "ESCAPED",
} as const;

/** Every case of a node's run with what stopped or saw it, and the summary. */
export function selfTestLines(outcome: SelfTestOutcome, paint: Paint): string[] {
  const { report } = outcome;
  if (report === null) return [selfTestSummary(outcome, paint)];
  const rows = report.cases.map((one) => [
    `  ${terminalLine(one.id, 60)}`,
    painted(one, paint),
    terminalLine(one.by, 120) || "-",
    one.outcome === "stopped" ? "" : terminalLine(one.detail, 200),
  ]);
  return [...table(rows), selfTestSummary(outcome, paint)];
}

/** `alpha: GREEN, 43 of 43: 40 stopped, 2 detected, 1 not tested`; the first number leaves out what got out. */
export function selfTestSummary(outcome: SelfTestOutcome, paint: Paint): string {
  const { node, report, why } = outcome;
  if (report === null) return `${node}: ${paint.bad("no report")}: ${terminalLine(why, 500)}`;
  const of = (kind: EscapeResult["outcome"]) => report.cases.filter(({ outcome: o }) => o === kind).length;
  const all = report.cases.length;
  const escaped = of("escaped");
  const counts = [
    `${of("stopped")} stopped`,
    `${of("detected")} detected`,
    `${of("not-tested")} not tested`,
    ...(escaped === 0 ? [] : [paint.bad(`${escaped} ESCAPED`)]),
  ];
  const state = isGreen(outcome) ? paint.good("GREEN") : paint.bad("RED");
  return `${node}: ${state}, ${all - escaped} of ${all}: ${counts.join(", ")} (${terminalLine(report.driver, 100)}, ${Math.round(report.tookMs / 100) / 10} s)`;
}

function painted({ outcome }: EscapeResult, paint: Paint): string {
  const word = WORDS[outcome];
  if (outcome === "escaped") return paint.bad(word);
  return outcome === "not-tested" ? paint.unsure(word) : word;
}
