import type { RecordRef } from "../evidence/evidence.ts";
import type { NodeRecord } from "../journal/node-record.ts";

/** Longest piece of hostile text that a reading quotes. */
const QUOTE = 160;
/** Most signs that a reading keeps of one thing; the rest is counted. */
const MOST = 12;

/** One thing that a reading rests on. `quote` is hostile text: escape before showing. */
export interface Sign {
  /** Turn by the agent's own count; null where it is the instrument's record. */
  readonly turn: number | null;
  readonly record: RecordRef;
  readonly quote: string;
}

/** The first few of what was found, and how many there were. */
export interface Signs {
  readonly count: number;
  readonly first: readonly Sign[];
}

export const signsOf = (all: readonly Sign[]): Signs => ({ count: all.length, first: all.slice(0, MOST) });

export const refTo = ({ node, seq }: Pick<NodeRecord, "node" | "seq">): RecordRef => ({ node, seq });

/** A piece of a text around a place in it. */
export function quoteAt(text: string, at = 0, length = 0): string {
  const from = Math.max(0, at - Math.max(0, Math.floor((QUOTE - length) / 3)));
  const cut = text.slice(from, from + QUOTE).trim();
  return `${from > 0 ? "..." : ""}${cut}${from + QUOTE < text.length ? "..." : ""}`;
}
