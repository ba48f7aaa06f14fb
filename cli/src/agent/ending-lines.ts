import { terminalLine } from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";
import type { ByHandOutcome } from "./hand-record.ts";

const HOW = {
  exited: "ended",
  signalled: "was ended by a signal",
  "time-limit": "was ended: its time is over (--time)",
  "output-limit": "was ended: it wrote too much",
  stopped: "was stopped",
  lost: "was lost: its session or its cell ended under it",
} as const;

/** What is said at the end, for people. */
export function endingLines(outcome: ByHandOutcome, paint: Paint): string[] {
  const { agent, used, cell, left } = outcome;
  const lines: string[] = [];
  if (agent !== null) {
    const status = agent.signal ?? (agent.code === null ? "" : `exit code ${agent.code}`);
    lines.push(`the agent ${HOW[agent.how]}${status === "" ? "" : ` (${terminalLine(status, 40)})`}`);
  }
  if (used !== null)
    lines.push(
      `${used.requests} questions to the brain, ${used.answered} answered; ${used.promptTokens} tokens in, ${used.completionTokens} out`,
    );
  const still = [...(cell?.clean === false ? cell.left : []), ...left];
  if (still.length > 0) {
    lines.push(paint.bad("NOT STERILE: after the cell's end there is still:"));
    for (const item of still.slice(0, 20)) lines.push(`  ${terminalLine(item, 500)}`);
  } else if (cell !== null) {
    const { dropped } = cell;
    const guard = dropped === null || dropped === 0 ? "" : `; its guard threw ${dropped} packets away`;
    lines.push(paint.good(`the cell is gone, and proved to be${guard}`));
  }
  return lines;
}
