import { z } from "zod";
import { nodeIdSchema, studyIdSchema } from "../ids.ts";
import { scenarioSchema } from "../scenario/scenario-schema.ts";
import { studySchema } from "../study/study-schema.ts";
import { interventionActSchema } from "./intervention.ts";
import { inventorySchema } from "./inventory.ts";

/**
 * HTTP API of the coordinator:
 *
 *     GET  /healthz, /readyz, /metrics
 *     POST /api/studies                    submitRequest -> 201 submitReply | 422 problemsReply
 *     POST /api/studies/ID/cancel          whyRequest -> stopReply
 *     POST /api/studies/ID/change          changeRequest -> changeReply | 409 problemsReply: limits and budget from here on
 *     POST /api/studies/ID/pause, /resume  whyRequest -> changeReply | 409 problemsReply
 *     POST /api/trials/ID/cancel           whyRequest -> stopReply: this trial alone
 *     POST /api/trials/ID/intervene        interveneRequest -> controlAnswer | 409 problemsReply | 504
 *     GET  /api/journal?after=N&waitMs=M   journalReply; waits up to M ms for a record after N
 *     GET  /api/nodes                      nodesReply: the newest inventories
 *     POST /api/nodes/NODE/self-test       whyRequest -> controlAnswer: the escape suite began | 404 | 504
 *     POST /api/nodes/NODE/clear           clearRequest -> controlAnswer: after a new look at the node | 404 | 504
 *     POST /api/nodes/NODE/drain, /undrain whyRequest -> drainReply: nothing new is placed there, what runs ends by itself | 404 | 409
 *     POST /api/stop                       whyRequest -> stopReply: ends every cell of every node
 *
 * 404, 426 and 504 carry { error }, a sentence. Each side names its protocol in the header `x-redline-protocol`; 426: they differ. A self-test's report and the end of a quarantine are records of the node.
 */
export const submitRequestSchema = z.strictObject({
  file: z.string().max(4096),
  definition: studySchema,
  /** By name in the study: folder name on the nodes and manifest digest. */
  specimens: z.record(z.string(), z.strictObject({ name: z.string(), sha256: z.string() })),
  /** Each scenario whole, by its name in the study. */
  scenarios: z.record(z.string(), scenarioSchema),
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

/** What changes, by the names of `limits` and `budget` in a study file; null takes one away, the rest stays as it is. */
const changesSchema = z.record(z.string().max(40), z.number().nullable()).default({});
export const changeRequestSchema = z.strictObject({
  ...whyRequestSchema.shape,
  limits: changesSchema,
  budget: changesSchema,
});
export type ChangeRequest = z.infer<typeof changeRequestSchema>;
export const changeReplySchema = z.object({ study: studyIdSchema, paused: z.boolean() });
export const interveneRequestSchema = z.strictObject({
  ...whyRequestSchema.shape,
  act: interventionActSchema,
});
export type InterveneRequest = z.infer<typeof interveneRequestSchema>;

/** `force`: even though the new look at the node found something. */
export const clearRequestSchema = z.strictObject({ ...whyRequestSchema.shape, force: z.boolean() });
export const errorReplySchema = z.object({ error: z.string() });

export const nodesReplySchema = z.object({
  nodes: z.array(
    z.object({
      inventory: inventorySchema,
      ageMs: z.number(),
      goneWhy: z.string().nullable(),
      /** Why the node takes no work until a person clears it, by its own records. */
      quarantinedWhy: z.string().nullable().default(null),
      /** By whom and why a person keeps it out of service. */
      drained: z.object({ who: z.string(), why: z.string() }).nullable().default(null),
      /** Attempts of which a part may run there. */
      attempts: z.int().default(0),
    }),
  ),
  /** Nodes that are heard and speak another protocol; `why` says which side to upgrade. They may have an inventory from before. */
  otherVersions: z
    .array(z.object({ node: z.string(), protocol: z.int(), why: z.string(), ageMs: z.number() }))
    .default([]),
});
export const drainReplySchema = z.object({
  node: nodeIdSchema,
  drained: z.boolean(),
  /** Attempts of which a part may still run there. */
  attempts: z.int(),
});
export const stopReplySchema = z.object({
  /** Nodes that confirmed that nothing runs, and those that did not answer in time. */
  stopped: z.array(z.string()),
  silent: z.array(z.string()),
  cancelledTrials: z.int(),
});
