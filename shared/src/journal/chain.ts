import { hash } from "node:crypto";

/** `prev` of the first record of a chain. */
export const CHAIN_START = "0".repeat(64);

/** sha256 of a line without its newline, hex. */
export function lineHash(line: string): string {
  return hash("sha256", line, "hex");
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

/** Verifies a chain line by line from its start: order of `seq`, and each `prev` against the bytes of the line before. */
export class ChainVerifier {
  #check: ChainCheck = { ok: true, head: EMPTY_HEAD };
  #head = EMPTY_HEAD;

  /** Head of what verified so far. */
  get head(): ChainHead {
    return this.#head;
  }
  /** What came of the lines so far. */
  get check(): ChainCheck {
    return this.#check;
  }

  /** Takes the next line. Once a line broke the chain, every answer names that line. */
  take(line: string): ChainCheck {
    if (!this.#check.ok) return this.#check;
    const why = whyNot(line, this.#head);
    if (why !== null) return (this.#check = { ok: false, line: this.#head.seq + 1, why });
    this.#head = { seq: this.#head.seq + 1, hash: lineHash(line) };
    return (this.#check = { ok: true, head: this.#head });
  }
}

/** Verifies a whole chain. */
export function verifyChain(lines: Iterable<string>): ChainCheck {
  const chain = new ChainVerifier();
  for (const line of lines) if (!chain.take(line).ok) break;
  return chain.check;
}

/** The head after a line, where the line continues the chain. */
export function nextInChain(
  head: ChainHead,
  line: string,
): { readonly ok: true; readonly head: ChainHead } | { readonly ok: false; readonly why: string } {
  const why = whyNot(line, head);
  return why === null ? { ok: true, head: { seq: head.seq + 1, hash: lineHash(line) } } : { ok: false, why };
}

/** Null for a line that continues the chain. */
function whyNot(line: string, head: ChainHead): string | null {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return "not JSON";
  }
  if (typeof record !== "object" || record === null || !("seq" in record) || !("prev" in record))
    return "no seq or prev";
  if (record.seq !== head.seq + 1) return `seq ${String(record.seq)} after ${head.seq}`;
  if (record.prev !== head.hash) return "prev is not the hash of the line before";
  return null;
}
