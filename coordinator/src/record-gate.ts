import { lineHash, nodeIdSchema, nodeRecordSchema, type NodeId, type NodeRecord } from "@redline/shared";

/** A message of the records stream that proved to be a record. */
export interface ReadRecord {
  readonly record: NodeRecord;
  readonly line: string;
}

/**
 * Parses a message of the records stream. The subject's last token is the sender, to whom its rights are
 * bound: a record in another node's name is refused. @returns why it is refused, or the record.
 */
export function readRecord(
  subject: string,
  data: Uint8Array,
  enrolled: ReadonlySet<NodeId>,
): ReadRecord | { readonly refused: string } {
  const sender = nodeIdSchema.safeParse(subject.split(".").at(-1));
  if (!sender.success || !enrolled.has(sender.data)) return { refused: "the sender is not enrolled" };
  const line = Buffer.from(data).toString("utf8");
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { refused: "not JSON" };
  }
  const parsed = nodeRecordSchema.safeParse(raw);
  if (!parsed.success) return { refused: parsed.error.issues[0]?.message ?? "unknown shape" };
  if (parsed.data.node !== sender.data) return { refused: `names ${parsed.data.node} as its node` };
  if (line.includes("\n")) return { refused: "more than one line" };
  return { record: parsed.data, line };
}

interface Chain {
  /** Highest number let through. */
  seq: number;
  hash: string | null;
  /** Hash of record 1, to tell a node that began anew from a repeated record. */
  firstHash: string | null;
}

export type Passage =
  | { readonly pass: "duplicate" }
  /** A record of another chain under a number that was taken before: the node lost its journal. */
  | { readonly pass: "other-chain" }
  | { readonly pass: "early" }
  /** `missing` records before it never came; `broken`: its `prev` is not the hash of the record before. */
  | { readonly pass: "take"; readonly missing: number; readonly broken: boolean };

/** Keeps each node's records in their order and lets each through once. */
export class RecordGate {
  readonly #chains = new Map<NodeId, Chain>();

  /** Notes a record that the journal holds already. */
  restore(node: NodeId, seq: number, line: string): void {
    this.#advance(node, seq, lineHash(line));
  }

  /** Decides on a record; `take` moves the chain on. @param evenEarly take it although records before it are missing. */
  judge({ record, line }: ReadRecord, evenEarly: boolean): Passage {
    const chain = this.#chains.get(record.node) ?? { seq: 0, hash: null, firstHash: null };
    const hash = lineHash(line);
    if (record.seq <= chain.seq) {
      const known = record.seq === chain.seq ? chain.hash : record.seq === 1 ? chain.firstHash : null;
      return { pass: known !== null && known !== hash ? "other-chain" : "duplicate" };
    }
    const missing = record.seq - chain.seq - 1;
    if (missing > 0 && !evenEarly) return { pass: "early" };
    const broken = missing === 0 && chain.hash !== null && record.prev !== chain.hash;
    this.#advance(record.node, record.seq, hash);
    return { pass: "take", missing, broken };
  }

  #advance(node: NodeId, seq: number, hash: string): void {
    const firstHash = seq === 1 ? hash : (this.#chains.get(node)?.firstHash ?? null);
    this.#chains.set(node, { seq, hash, firstHash });
  }
}
