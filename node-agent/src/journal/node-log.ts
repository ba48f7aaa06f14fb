import {
  AttemptHeads,
  nodeRecordBodySchema,
  type AttemptKey,
  type NodeId,
  type NodeRecord,
  type NodeRecordBody,
} from "@redline/shared";
import type { JournalFile } from "@redline/daemon";
import { exchangeKeeper, type ExchangeKeeper } from "../objects/exchange-keeper.ts";
import type { ObjectFolder } from "../objects/object-folder.ts";

/** A record before the chain gives it its place. */
export type UnchainedRecord = Omit<NodeRecord, "seq" | "prev">;

/** Where attempts write what they saw. */
export interface NodeLog {
  readonly node: NodeId;
  /**
   * Resolves with the record's number once it is on this node's disk; the outbox carries it on from there.
   * @param when `soon`: it may wait a few milliseconds to be written together with others.
   */
  write(body: NodeRecordBody, key?: AttemptKey, when?: "now" | "soon"): Promise<number>;
  /** What keeps the large content of an attempt's exchanges beside its records; absent where nothing does. */
  keeperOf?(key: AttemptKey): ExchangeKeeper;
}

export interface NodeLogOptions {
  readonly node: NodeId;
  readonly bootId: string;
  readonly journal: JournalFile<UnchainedRecord>;
  /** Of all attempts that the journal holds. */
  readonly heads?: AttemptHeads;
  /** Large content, by digest. */
  readonly objects?: Pick<ObjectFolder, "put">;
  /** Told of each record as it takes its place in the chain, before it is durable. */
  readonly onPlaced?: (line: string, record: NodeRecord) => void;
  /** Told of each record after it is durable. */
  readonly onRecord: (line: string, record: NodeRecord) => void;
  /** The journal takes no more records: nothing that happens from now on could be proved. */
  readonly onFailure: (error: unknown) => void;
  readonly now: () => Date;
  readonly monoMs: () => number;
  /** The coordinator's clock as last measured; null or absent: not yet. */
  readonly clock?: () => NodeRecord["clock"] | null;
}

/** The node's own chain: first disk, then the outbox. */
export function createNodeLog(options: NodeLogOptions): NodeLog {
  const { journal, heads = new AttemptHeads(), objects } = options;
  const append = async (unchained: UnchainedRecord, when: "now" | "soon") => {
    try {
      const { line, record, onDisk } = journal.place(unchained, when);
      // It is the head until the next call.
      if (record.key !== undefined) heads.moved(record.key, journal.head().hash);
      options.onPlaced?.(line, record);
      await onDisk;
      return { line, record };
    } catch (error) {
      options.onFailure(error);
      throw error;
    }
  };
  return {
    node: options.node,
    ...(objects === undefined ? {} : { keeperOf: (key: AttemptKey) => exchangeKeeper(objects, key) }),
    async write(body, key, when = "now") {
      const clock = options.clock?.() ?? null;
      const unchained: UnchainedRecord = {
        v: 1,
        node: options.node,
        bootId: options.bootId,
        at: options.now().toISOString(),
        monoMs: Math.round(options.monoMs() * 1000) / 1000,
        ...(key === undefined ? {} : { key, chain: heads.next(key) }),
        ...(clock === null ? {} : { clock }),
        body: nodeRecordBodySchema.parse(body),
      };
      const { line, record } = await append(unchained, when);
      options.onRecord(line, record);
      return record.seq;
    },
  };
}
