import { z } from "zod";
import { nodeIdSchema, slugSchema } from "../ids.ts";

export const gpuSchema = z.strictObject({
  index: z.int(),
  model: z.string().max(120),
  memoryTotalMiB: z.number(),
  memoryUsedMiB: z.number(),
  uuid: z.string().max(80),
});

/** What a node says of itself, every few seconds and on change (KV `inv`). */
export const inventorySchema = z.strictObject({
  v: z.literal(1),
  node: nodeIdSchema,
  bootId: z.string().max(64),
  /** Fresh at each start of the daemon, so that a restart is seen. */
  instance: z.string().max(64),
  version: z.string().max(40),
  /** Protocol majors it speaks. */
  protocols: z.array(z.int()).min(1),
  state: z.enum(["ready", "draining", "quarantined"]),
  reason: z.string().max(300).default(""),
  labels: z.record(slugSchema, z.string().max(100)),
  slots: z.int().min(0),
  slotsInUse: z.int().min(0),
  liveCopies: z.int().min(0),
  cpus: z.int(),
  memoryMiB: z.number(),
  gpus: z.array(gpuSchema).max(64),
  specimens: z.array(z.strictObject({ name: slugSchema, sha256: z.string() })).max(200),
  kernel: z.string().max(120),
  tools: z.record(z.string(), z.string()),
  /** How cells are made here, e.g. "bubblewrap". Nodes from before this field have none. */
  driver: z.string().max(60).default("bubblewrap"),
  /** The newest run of the escape suite on this boot; null: none. Only a node with a green one takes real models. */
  selfTest: z
    .strictObject({
      at: z.iso.datetime(),
      green: z.boolean(),
      stopped: z.int(),
      detected: z.int(),
      notTested: z.int(),
      escaped: z.array(z.string().max(60)).max(300),
    })
    .nullable()
    .default(null),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** Value of a lease key: this attempt still runs here. */
export const leaseSchema = z.strictObject({
  v: z.literal(1),
  node: nodeIdSchema,
  trial: z.string(),
  attempt: z.int(),
  epoch: z.int(),
  phase: z.string().max(40),
});
export type Lease = z.infer<typeof leaseSchema>;
