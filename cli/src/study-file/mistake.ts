import { terminalLine } from "@redline/shared";
import type { LineCounter } from "yaml";

/** Something wrong in a study file; offsets count UTF-16 units of its text. */
export interface Mistake {
  readonly offset: number;
  readonly length: number;
  /** `brains.a.provider`, or empty for the file as a whole. */
  readonly path: string;
  /** What is wrong and what was expected. */
  readonly what: string;
}

/** A mistake as it is reported. Line and column count from 1. */
export interface ReportedMistake {
  readonly line: number;
  readonly col: number;
  readonly path: string;
  readonly what: string;
  /** For a terminal: place and message, source line, caret. */
  readonly text: string;
}

/** Characters of a source line that are shown. */
const SHOWN = 100;

export function reportMistake(
  file: string,
  source: string,
  counter: LineCounter,
  mistake: Mistake,
): ReportedMistake {
  const { line, col } = counter.linePos(mistake.offset);
  const { path } = mistake;
  const what = terminalLine(mistake.what, 1000);
  const place = `${terminalLine(file, 500)}:${line}:${col}`;
  const head = `${place}${path === "" ? "" : ` ${terminalLine(path, 300)}`}: ${what}`;
  return { line, col, path, what, text: [head, ...excerpt(source, line, mistake)].join("\n") };
}

/** The source line and carets under the mistake; the text of the file is hostile to a terminal as any other. */
function excerpt(source: string, line: number, { offset, length }: Mistake): string[] {
  const from = source.lastIndexOf("\n", offset - 1) + 1;
  const end = source.indexOf("\n", from);
  const whole = source.slice(from, end === -1 ? undefined : end).replace(/\r$/, "");
  if (whole.trim() === "") return [];
  const start = Math.min(offset - from, whole.length);
  // A long line is shown from shortly before the mistake on.
  const skip = start > SHOWN - 20 ? start - 40 : 0;
  const shown = whole.slice(skip, skip + SHOWN);
  const before = terminalLine(shown.slice(0, start - skip));
  const marked = terminalLine(shown.slice(start - skip, start - skip + Math.max(1, length)));
  const gutter = String(line);
  const cut = skip > 0 ? "..." : "";
  return [
    `  ${gutter} | ${cut}${terminalLine(shown)}${skip + SHOWN < whole.length ? "..." : ""}`,
    `  ${" ".repeat(gutter.length)} | ${" ".repeat(cut.length + before.length)}${"^".repeat(Math.max(1, marked.length))}`,
  ];
}
