import { createHash } from "node:crypto";

/** `prev` of the first record of a chain. */
export const CHAIN_START = "0".repeat(64);

/** sha256 of a line without its newline, hex. */
export function lineHash(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}
export const EMPTY_HEAD: ChainHead = { seq: 0, hash: CHAIN_START };

/** Puts `seq` and `prev` on a record and gives its line and the new head. */
export function linkRecord<T extends object>(
  head: ChainHead,
  record: T,
): { line: string; head: ChainHead; record: T & { seq: number; prev: string } } {
  const linked = { ...record, seq: head.seq + 1, prev: head.hash };
  const line = JSON.stringify(linked);
  return { line, head: { seq: linked.seq, hash: lineHash(line) }, record: linked };
}

export type ChainCheck = { ok: true; head: ChainHead } | { ok: false; line: number; why: string };

/** Verifies a chain from its start: order of `seq`, and each `prev` against the bytes of the line before. */
export function verifyChain(lines: Iterable<string>): ChainCheck {
  let head = EMPTY_HEAD;
  let number = 0;
  for (const line of lines) {
    number += 1;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      return { ok: false, line: number, why: "not JSON" };
    }
    if (typeof record !== "object" || record === null || !("seq" in record) || !("prev" in record))
      return { ok: false, line: number, why: "no seq or prev" };
    if (record.seq !== head.seq + 1)
      return { ok: false, line: number, why: `seq ${String(record.seq)} after ${head.seq}` };
    if (record.prev !== head.hash)
      return { ok: false, line: number, why: "prev is not the hash of the line before" };
    head = { seq: head.seq + 1, hash: lineHash(line) };
  }
  return { ok: true, head };
}
