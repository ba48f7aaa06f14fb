import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { JetStreamClient } from "@nats-io/jetstream";
import { openJournal, type JournalFile, type Logger, type StreamPublisher } from "@redline/daemon";
import { subjects, type NodeId, type NodeRecord, type NodeRecordBody } from "@redline/shared";
import { ObjectCarrier } from "../objects/object-carrier.ts";
import { ObjectFolder } from "../objects/object-folder.ts";
import { createNodeLog, type NodeLog, type UnchainedRecord } from "./node-log.ts";
import { Outbox, readCursor } from "./outbox.ts";
import { openSealKey } from "./seal-key.ts";
import { createSealer, type Sealer } from "./sealer.ts";
import { PastReader, type Past } from "./unfinished.ts";

/** The node's journal as its last daemon left it, and what of it the coordinator may not have yet. */
export interface FoundRecords {
  readonly journal: JournalFile<UnchainedRecord>;
  readonly past: Past;
  readonly published: number;
  readonly pending: readonly string[];
}

const cursorIn = (stateDir: string) => join(stateDir, "outbox.json");

/** @throws JournalBrokenError when the chain does not verify. */
export async function findRecords(stateDir: string): Promise<FoundRecords> {
  const cursor = await readCursor(cursorIn(stateDir));
  const reader = new PastReader();
  const pending: string[] = [];
  const { journal } = await openJournal<UnchainedRecord>(join(stateDir, "journal.jsonl"), (line, number) => {
    reader.take(line);
    if (number > cursor) pending.push(line);
  });
  // A journal that begins anew is shorter than the cursor says.
  return { journal, past: reader.past(), published: Math.min(cursor, journal.head().seq), pending };
}

export interface NodeRecordsOptions {
  readonly node: NodeId;
  readonly bootId: string;
  /** Of this daemon. */
  readonly version: string;
  readonly stateDir: string;
  readonly publisher: Pick<StreamPublisher, "publish">;
  readonly js: JetStreamClient;
  readonly clock: () => NodeRecord["clock"] | null;
  /** Told of each record once it is durable. */
  readonly onRecord: (body: NodeRecordBody) => void;
  /** The journal takes no more records. */
  readonly onFailure: (error: unknown) => void;
  readonly logger: Logger;
  /** Ends the carrying: later than anything is recorded. */
  readonly signal: AbortSignal;
}

/** What attempts write to, and what carries it to the coordinator. */
export interface NodeRecords {
  readonly log: NodeLog;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  /** This run of the daemon, as its first record names it. */
  readonly instance: string;
  /** Resolves when nothing is carried any more. */
  readonly carried: Promise<unknown>;
}

/** Begins a daemon's records: it says that it started, and of what its predecessor left unfinished that it is lost. */
export async function beginRecords(
  { journal, past, published, pending }: FoundRecords,
  options: NodeRecordsOptions,
): Promise<NodeRecords> {
  const { node, bootId, version, stateDir, publisher, js, logger, signal } = options;
  const outbox = new Outbox({
    node,
    path: cursorIn(stateDir),
    published,
    pending,
    publish: (lines, id) => publisher.publish(subjects.record(node), lines, { msgId: id }),
    log: logger,
  });
  const objects = new ObjectFolder(join(stateDir, "objects"));
  const carrier = new ObjectCarrier({
    node,
    folder: objects,
    recordsWaiting: () => outbox.waiting,
    log: logger,
  });
  const carried = Promise.all([outbox.run(signal), carrier.run(js, signal)]);
  const sealer = createSealer({ node, bootId, version, key: await openSealKey(stateDir) });
  const log = createNodeLog({
    node,
    bootId,
    journal,
    heads: past.heads,
    objects,
    onPlaced: (line, record) => sealer.take(line, record),
    onRecord: (line, { body, key }) => {
      outbox.add(line);
      options.onRecord(body);
      if (body.kind === "device-closed" && key !== undefined) objects.forget(key);
    },
    onFailure: options.onFailure,
    now: () => new Date(),
    monoMs: () => performance.now(),
    clock: options.clock,
  });
  const instance = randomUUID();
  await log.write({ kind: "node-started", version, instance, publicKey: sealer.publicKey });
  for (const { key, device } of past.unfinished) {
    const detail = "the node daemon ended while this ran; its cells are empty";
    await log.write({ kind: "lost", device, detail }, key);
    await log.write({ kind: "device-closed", device }, key);
  }
  return { log, sealer, outbox, instance, carried };
}
