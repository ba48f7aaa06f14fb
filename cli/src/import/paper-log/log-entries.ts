import type { LogicalLine } from "./logical-lines.ts";

/** One entry of the log: a stamped line with the lines below it. */
export interface LogEntry {
  /** Wall time by the log, ms since 1970, counted as UTC since the log names no zone. */
  readonly atMs: number;
  readonly lines: readonly string[];
}

/** pdftotext puts spaces around the hyphens of the date. */
const STAMP =
  /^(\d{4}) ?- ?(\d{2}) ?- ?(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:[,.]\d+)? ?- ?[^-]{1,60}- ?[A-Z]+ ?- ?(.*)$/;

/** Entries in the order of the log; lines before the first one are left out. */
export function logEntries(lines: readonly LogicalLine[]): LogEntry[] {
  const entries: { atMs: number; lines: string[] }[] = [];
  for (const { text } of lines) {
    const stamp = STAMP.exec(text);
    if (stamp === null) {
      entries.at(-1)?.lines.push(text);
      continue;
    }
    const [, year, month, day, hour, minute, second, rest = ""] = stamp;
    const atMs = Date.parse(
      `${year ?? ""}-${month ?? ""}-${day ?? ""}T${hour ?? ""}:${minute ?? ""}:${second ?? ""}Z`,
    );
    if (Number.isNaN(atMs)) entries.at(-1)?.lines.push(text);
    else entries.push({ atMs, lines: [rest] });
  }
  return entries;
}
