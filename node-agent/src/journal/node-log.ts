import {
  nodeRecordBodySchema,
  type AttemptKey,
  type NodeId,
  type NodeRecord,
  type NodeRecordBody,
} from "@redline/shared";
import type { JournalFile } from "@redline/daemon";

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
}

export interface NodeLogOptions {
  readonly node: NodeId;
  readonly bootId: string;
  readonly journal: JournalFile<UnchainedRecord>;
  /** Told of each record after it is durable. */
  readonly onRecord: (line: string, record: NodeRecord) => void;
  /** The journal takes no more records: nothing that happens from now on could be proved. */
  readonly onFailure: (error: unknown) => void;
  readonly now: () => Date;
  readonly monoMs: () => number;
}

/** The node's own chain: first disk, then the outbox. */
export function createNodeLog(options: NodeLogOptions): NodeLog {
  const append = async (record: UnchainedRecord, when: "now" | "soon") => {
    try {
      return await options.journal.append(record, when);
    } catch (error) {
      options.onFailure(error);
      throw error;
    }
  };
  return {
    node: options.node,
    async write(body, key, when = "now") {
      const unchained: UnchainedRecord = {
        v: 1,
        node: options.node,
        bootId: options.bootId,
        at: options.now().toISOString(),
        monoMs: Math.round(options.monoMs() * 1000) / 1000,
        ...(key === undefined ? {} : { key }),
        body: nodeRecordBodySchema.parse(body),
      };
      const { line, record } = await append(unchained, when);
      options.onRecord(line, record);
      return record.seq;
    },
  };
}
