/** Lines of a node's journal that one message of the records stream holds at most. */
export const MOST_RECORD_LINES = 64;

/** One message of several lines, in their order. A record's line is JSON and has no newline in it. */
export const joinRecordLines = (lines: readonly string[]): string => lines.join("\n");

/** The lines of a message; null where it has more than any node puts into one. */
export function splitRecordLines(data: Uint8Array): string[] | null {
  const lines = Buffer.from(data)
    .toString("utf8")
    .split("\n", MOST_RECORD_LINES + 1);
  return lines.length > MOST_RECORD_LINES ? null : lines;
}
