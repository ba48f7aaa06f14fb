/** One line of the log as it was before it was set in print. */
export interface LogicalLine {
  readonly text: string;
}

/** A page number alone on its line, far from the left. */
const PAGE_NUMBER = /^\s{15,}\d{1,4}\s*$/;
/** A printed line number, then at least a space before the text, or nothing. */
const NUMBERED = /^\s{0,6}(\d{1,6})(?:\s{1,}(\S.*)?)?$/;

/**
 * Undoes what print and `pdftotext -layout` did to a log: page breaks, page numbers, indentation, and long lines broken
 * at the margin. In print with line numbers every line without the next number goes on with the line before; text
 * without line numbers has its lines as they are. Takes linear time.
 */
export function logicalLines(text: string): LogicalLine[] {
  const physical = text
    .replace(/\r\n?/g, "\n")
    .split(/[\n\f]/)
    .filter((line) => line.trim() !== "" && !PAGE_NUMBER.test(line))
    .map((line) => line.trimEnd());
  const first = physical.findIndex((line) => NUMBERED.exec(line)?.[1] === "1" && /\d{4} ?-/.test(line));
  if (first === -1) return physical.map((line) => ({ text: line.trimStart() }));
  return numbered(physical.slice(first));
}

function numbered(physical: readonly string[]): LogicalLine[] {
  const lines: { head: string; more: string[] }[] = [];
  for (const line of physical) {
    const match = NUMBERED.exec(line);
    if (match?.[1] === String(lines.length + 1)) lines.push({ head: match[2] ?? "", more: [] });
    else lines.at(-1)?.more.push(line);
  }
  return lines.map(({ head, more }) => ({ text: joined(head, more) }));
}

/** A line's parts as one; a space that the margin swallowed is put back where words would run together. */
function joined(head: string, more: readonly string[]): string {
  // Not as arguments of one call: a log may have more lines than a call takes.
  const margin = more.reduce((least, line) => Math.min(least, indentOf(line)), Infinity);
  const parts = [head];
  let last = head;
  for (const line of more) {
    const part = line.trimStart();
    const indented = more.length > 1 && indentOf(line) === margin + 1;
    parts.push(indented || needsSpace(last, part) ? ` ${part}` : part);
    last = part;
  }
  return parts.join("");
}

const indentOf = (line: string) => line.length - line.trimStart().length;

/** Print breaks lines at spaces and signs, never inside a word. */
function needsSpace(before: string, after: string): boolean {
  if (/^(?:&&|\|\||\||>|--)/.test(after)) return true;
  if (/(?:&&|\|\||[,;!?)])$/.test(before)) return /^[\w"'`(]/.test(after);
  if (/:$/.test(before)) return /^[A-Za-z]/.test(after);
  if (/\.$/.test(before)) return /^[A-Z]/.test(after);
  return /\w$/.test(before) && /^[\w(`]/.test(after);
}
