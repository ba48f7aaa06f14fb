import { z } from "zod";
import { studyIdSchema } from "../ids.ts";
import { studySchema } from "../study/study-schema.ts";
import { inventorySchema } from "./inventory.ts";

/**
 * HTTP API of the coordinator:
 *
 *     GET  /healthz, /readyz, /metrics
 *     POST /api/studies                    submitRequest -> 201 submitReply | 422 problemsReply
 *     POST /api/studies/ID/cancel          whyRequest -> stopReply
 *     GET  /api/journal?after=N&waitMs=M   journalReply; waits up to M ms for a record after N
 *     GET  /api/nodes                      nodesReply: the newest inventories
 *     POST /api/stop                       whyRequest -> stopReply: ends every cell of every node
 */
export const submitRequestSchema = z.strictObject({
  file: z.string().max(4096),
  definition: studySchema,
  /** By name in the study: folder name on the nodes and manifest digest. */
  specimens: z.record(z.string(), z.strictObject({ name: z.string(), sha256: z.string() })),
});
export type SubmitRequest = z.infer<typeof submitRequestSchema>;
export const submitReplySchema = z.object({
  study: studyIdSchema,
  warnings: z.array(z.string()).default([]),
});
export const problemsReplySchema = z.object({ problems: z.array(z.string()) });

export const journalReplySchema = z.object({
  /** Lines of the journal with seq > after, in order, at most 1000 (fewer when they are long). */
  lines: z.array(z.string()),
  head: z.int(),
});
export const whyRequestSchema = z.strictObject({ who: z.string().max(100), why: z.string().max(300) });

export const nodesReplySchema = z.object({
  nodes: z.array(z.object({ inventory: inventorySchema, ageMs: z.number(), goneWhy: z.string().nullable() })),
});
export const stopReplySchema = z.object({
  /** Nodes that confirmed that nothing runs, and those that did not answer in time. */
  stopped: z.array(z.string()),
  silent: z.array(z.string()),
  cancelledTrials: z.int(),
});
