import { terminalText } from "@redline/shared";
import type { WaitingQuestion } from "./approval-waiting.ts";

/** An action as a person is shown it. */
export interface ShownAction {
  /** At most `columns` wide, without any sign of whose they are. */
  readonly lines: readonly string[];
  /** All of what the agent gets when it is allowed stands in them. */
  readonly whole: boolean;
}

/** The last of those answers is the one that is asked about, as far as its record keeps it (16 KiB). */
export const notAllShown = ({ trial }: Pick<WaitingQuestion, "trial">) =>
  `NOT ALL SHOWN, and to allow it allows all; more of it: redline trial transcript ${trial} --replies`;

/** More lines than an answer has parts: newlines of an old record, which must not push the rest out of sight. */
const MOST_LINES = 60;

/** Lines are broken here and not by the terminal: one that goes on at its left edge could pass for a line of the command. */
export function shownAction(
  { action, cut }: Pick<WaitingQuestion, "action" | "cut">,
  columns: number,
): ShownAction {
  const given = action.split("\n");
  const parts = given.length > MOST_LINES ? [given.join("\\n")] : given;
  const safe = parts.map((part) => terminalText(part, 20_000).replaceAll("\t", " "));
  return {
    lines: safe.flatMap((part) => broken(part, Math.max(20, columns))),
    // An old record does not say; and what is taken out for the terminal's sake is not shown.
    whole: cut === false && safe.every((part, i) => part === parts[i]),
  };
}

/** Counts what may be wide as two columns. */
function broken(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  let width = 0;
  for (const character of text) {
    const wide = (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    if (width + wide > columns) {
      lines.push(line);
      line = "";
      width = 0;
    }
    line += character;
    width += wide;
  }
  return [...lines, line];
}
