import { trialIdSchema } from "../ids.ts";
import { inventorySchema, type Inventory } from "../messages/inventory.ts";
import type { DeviceNeed, HeldSeats, Needs, WaitingQueue, WaitingTrial } from "./demand.ts";

/** Test double of a specimen's digest. */
export const SPECIMEN = "a".repeat(64);

/** Inventory of node `n<index>` of a test. */
export const nodeFixture = (index: number, more: Partial<Record<keyof Inventory, unknown>> = {}): Inventory =>
  inventorySchema.parse({
    v: 1,
    node: `n${index}`,
    bootId: "b",
    instance: "i",
    version: "1",
    protocols: [1],
    state: "ready",
    labels: {},
    slots: 4,
    slotsInUse: 0,
    liveCopies: 0,
    cpus: 1,
    memoryMiB: 1000,
    gpus: [],
    specimens: [{ name: "tiny", sha256: SPECIMEN }],
    kernel: "k",
    tools: {},
    ...more,
  });

/** GPUs of a node, by their memory in MiB, index by index. */
export const gpusFixture = (node: number, sizes: readonly number[], used: readonly number[] = []) =>
  sizes.map((memoryTotalMiB, index) => ({
    ...{ index, memoryTotalMiB, memoryUsedMiB: used[index] ?? 0 },
    model: memoryTotalMiB >= 80_000 ? "NVIDIA H100 80GB HBM3" : "NVIDIA A10",
    uuid: `GPU-${node}-${index}`,
  }));

const ANY: DeviceNeed = { labels: {} };
export const needsFixture = (more: Partial<Needs> = {}): Needs => ({
  ...{ shape: "cross-device", specimenSha256: SPECIMEN, sharedWeights: false, realModel: false },
  ...{ origin: ANY, target: ANY },
  ...more,
});

export const waitingFixture = (study: string, order: number, avoid: WaitingTrial["avoid"] = new Set()) => ({
  ...{ trial: trialIdSchema.parse(`${study}-${String(order).padStart(5, "0")}`), order, avoid },
});

export interface QueueFixture extends Partial<Omit<WaitingQueue, "waiting" | "needs">> {
  readonly needs?: Partial<Needs>;
  readonly trials?: number;
  readonly from?: number;
  readonly avoid?: WaitingTrial["avoid"];
}
export function queueFixture(options: QueueFixture = {}): WaitingQueue {
  const { study = "s", priority = 0, active = 0, needs = {}, trials = 1, from = 0, avoid } = options;
  const waiting = Array.from({ length: trials }, (_, i) => waitingFixture(study, from + i, avoid));
  return { study, priority, active, needs: needsFixture(needs), waiting };
}

export const heldFixture = (slots: number, gpus: readonly string[] = [], memoryMiB = 0): HeldSeats => ({
  ...{ slots, gpus: new Set(gpus), memoryMiB },
});
