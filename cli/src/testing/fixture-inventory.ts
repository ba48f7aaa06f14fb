import { inventorySchema, type Inventory } from "@redline/shared";

/** A node that is ready and has one free slot, but for what differs. */
export const inventoryOf = (node: string, more: Partial<Record<keyof Inventory, unknown>> = {}): Inventory =>
  inventorySchema.parse({
    v: 1,
    node,
    bootId: "b",
    instance: "i",
    version: "1",
    protocols: [1],
    state: "ready",
    labels: {},
    slots: 1,
    slotsInUse: 0,
    liveCopies: 0,
    cpus: 1,
    memoryMiB: 1,
    gpus: [],
    specimens: [],
    kernel: "k",
    tools: {},
    ...more,
  });
