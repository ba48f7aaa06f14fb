import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createLogger, openJournal } from "@redline/daemon";
import { attemptKeySchema, limitsSchema, nodeIdSchema, type NodeRecord } from "@redline/shared";
import { DeviceWatch } from "../../../node-agent/dist/attempts/device-watch.js";
import { Lifelines } from "../../../node-agent/dist/attempts/lifelines.js";
import type { Cell } from "../../../node-agent/dist/cell/cell.js";
import { createNodeLog, type UnchainedRecord } from "../../../node-agent/dist/journal/node-log.js";
import { createCellEyes } from "../../../node-agent/dist/observe/cell-eyes.js";
import { createSnapshotter } from "../../../node-agent/dist/observe/snapshotter.js";

export interface Recording extends AsyncDisposable {
  /** When the record of a port was on the journal's disk, ms of the machine's monotonic clock, by port. */
  readonly at: Map<number, number>;
}

export const machineMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The daemon's own way: the watch over the cell, its sweep, and the node's chained journal in a folder. */
export async function recordListeners(cell: Cell, folder: string): Promise<Recording> {
  const at = new Map<number, number>();
  const { journal } = await openJournal<UnchainedRecord>(join(folder, "journal.jsonl"));
  const snapshotter = createSnapshotter();
  const log = createNodeLog({
    node: nodeIdSchema.parse("bench"),
    bootId: (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim(),
    journal,
    onRecord: (_, record) => {
      for (const port of appearedIn(record)) if (!at.has(port)) at.set(port, machineMs());
    },
    onFailure: (error) => {
      throw error;
    },
    now: () => new Date(),
    monoMs: () => performance.now(),
  });
  const watch = new DeviceWatch({
    cell,
    eyes: createCellEyes({ snapshotter, nsenter: "nsenter", log: createLogger("bench", "warn") }),
    log,
    key: attemptKeySchema.parse({ trial: "bench-1", attempt: 1, epoch: 1 }),
    limits: limitsSchema.parse({}),
    lifelines: new Lifelines(cell, null),
  });
  await watch.baseline(new AbortController().signal);
  return {
    at,
    async [Symbol.asyncDispose]() {
      watch.close();
      await snapshotter[Symbol.asyncDispose]();
      await journal.close();
    },
  };
}

function appearedIn({ body }: NodeRecord): number[] {
  if (body.kind !== "observation" || body.body.kind !== "sweep") return [];
  return body.body.appeared.map(({ port }) => port);
}
