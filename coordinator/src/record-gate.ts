import {
  AttemptChains,
  lineHash,
  nodeIdSchema,
  parseNodeLine,
  readChainLink,
  sides,
  skewOf,
  type NodeId,
  type NodeRecord,
  type Skew,
} from "@redline/shared";

/** A line of the records stream that proved to be a record. */
export interface ReadRecord {
  readonly record: NodeRecord;
  readonly line: string;
}

/**
 * Parses a line of the records stream. The subject's last token is the sender, to whom its rights are
 * bound: a record in another node's name is refused. @returns why it is refused, or the record.
 */
export function readRecord(
  subject: string,
  line: string,
  enrolled: ReadonlySet<NodeId>,
):
  ReadRecord | { readonly refused: string; readonly other?: { readonly node: NodeId; readonly skew: Skew } } {
  const sender = nodeIdSchema.safeParse(subject.split(".").at(-1));
  if (!sender.success || !enrolled.has(sender.data)) return { refused: "the sender is not enrolled" };
  const parsed = parseNodeLine(line);
  if (!parsed.ok) {
    const skew = parsed.raw === undefined ? null : skewOf(parsed.raw, sides.coordinatorOfNode(sender.data));
    return skew === null
      ? { refused: parsed.why }
      : { refused: skew.upgrade, other: { node: sender.data, skew } };
  }
  const { record } = parsed;
  if (record.node !== sender.data) return { refused: `names ${record.node} as its node` };
  return { record, line };
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
  | {
      readonly pass: "take";
      readonly missing: number;
      readonly broken: boolean;
      /** Why it does not continue its node's chain of its attempt, or null. */
      readonly attemptBroken: string | null;
    };

/** Keeps each node's records in their order and lets each through once. */
export class RecordGate {
  readonly #chains = new Map<NodeId, Chain>();
  readonly #attempts = new AttemptChains();

  /** Notes a record that the journal holds already. */
  restore(node: NodeId, seq: number, line: string): void {
    this.#advance(node, seq, lineHash(line));
    const record = readChainLink(line);
    if (record?.key !== undefined) this.#attempts.take(node, record.key, record.chain, line);
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
    const { key, chain: link } = record;
    const attemptBroken = key === undefined ? null : this.#attempts.take(record.node, key, link, line);
    return { pass: "take", missing, broken, attemptBroken };
  }

  #advance(node: NodeId, seq: number, hash: string): void {
    const firstHash = seq === 1 ? hash : (this.#chains.get(node)?.firstHash ?? null);
    this.#chains.set(node, { seq, hash, firstHash });
  }
}
