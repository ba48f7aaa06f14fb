import { z } from "zod";
import { attemptKeySchema, epochSchema, nodeIdSchema, studyIdSchema, trialIdSchema } from "../ids.ts";
import { interventionActSchema } from "../messages/intervention.ts";
import { scenarioSchema } from "../scenario/scenario-schema.ts";
import { budgetSchema } from "../study/budget.ts";
import { limitsSchema, studySchema } from "../study/study-schema.ts";
import { inventorySchema } from "../messages/inventory.ts";
import { breachSchema } from "../containment/breach.ts";
import { placedGpusSchema } from "../placement/gpu-need.ts";
import { faultSchema } from "../trials/fault.ts";
import { adjudicationSchema } from "../claims/claim.ts";

/** What the coordinator journals. Its state is a projection of these, rebuilt at start. */
export const coordinatorRecordBodySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("coordinator-started"), epoch: epochSchema, version: z.string() }),
  z.strictObject({ kind: z.literal("node-seen"), inventory: inventorySchema }),
  z.strictObject({ kind: z.literal("node-gone"), node: nodeIdSchema, why: z.string() }),
  z.strictObject({
    kind: z.literal("study-submitted"),
    study: studyIdSchema,
    file: z.string().max(4096),
    definition: studySchema,
    /** Digest of each specimen, by its name in the study. */
    specimens: z.record(z.string(), z.strictObject({ name: z.string(), sha256: z.string() })),
    /** Each scenario whole, by its name in the study; absent in journals from before they were written down. */
    scenarios: z.record(z.string(), scenarioSchema).optional(),
    /** Name of the API token it came with; absent over the Unix socket, whose user is the machine's. */
    by: z.string().max(100).optional(),
  }),
  /** A person changed what a running study may use; attempts placed from here on get it. */
  z.strictObject({
    kind: z.literal("study-changed"),
    study: studyIdSchema,
    who: z.string().max(100),
    why: z.string().max(300),
    /** Whole, as they hold from here on. */
    limits: limitsSchema,
    budget: budgetSchema,
  }),
  /** No new attempt of the study begins until it is resumed; attempts that run go on. `who` is `budget` where that is used up. */
  z.strictObject({
    kind: z.literal("study-paused"),
    study: studyIdSchema,
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  z.strictObject({
    kind: z.literal("study-resumed"),
    study: studyIdSchema,
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  /** A person's order to a running attempt, as it went out; the node records what became of it. */
  z.strictObject({
    kind: z.literal("intervention-ordered"),
    trial: trialIdSchema,
    attempt: z.int().min(1),
    who: z.string().max(100),
    why: z.string().max(300),
    act: interventionActSchema,
  }),
  z.strictObject({
    kind: z.literal("placed"),
    study: studyIdSchema,
    key: attemptKeySchema,
    devices: z.strictObject({ origin: nodeIdSchema, target: nodeIdSchema }),
    /** GPUs given to each device; absent where the study asks for none. */
    gpus: placedGpusSchema.optional(),
  }),
  /** A person takes a node out of service, or gives it back: what runs there ends by itself, nothing new is placed. */
  z.strictObject({
    kind: z.literal("node-drain"),
    node: nodeIdSchema,
    drain: z.boolean(),
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  /** What a study kept in the object store was removed, by its retention or by a person; the records stay. */
  z.strictObject({
    kind: z.literal("objects-removed"),
    study: studyIdSchema,
    count: z.int().min(0),
    bytes: z.int().min(0),
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  /** The study was exported to go on in another lab: here it is over. */
  z.strictObject({
    kind: z.literal("study-moved"),
    study: studyIdSchema,
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  /** A record of another lab's journal, byte for byte, of a study that was moved here. `lab`: key id of its coordinator. */
  z.strictObject({ kind: z.literal("imported"), lab: z.string().max(64), line: z.string() }),
  /** A node's record, byte for byte as the node chained it. */
  z.strictObject({ kind: z.literal("node-record"), node: nodeIdSchema, seq: z.int(), line: z.string() }),
  z.strictObject({
    kind: z.literal("adjudicated"),
    key: attemptKeySchema,
    results: z.array(adjudicationSchema),
  }),
  /**
   * What makes an attempt's bundle: the coordinator's countersignature under each node's seal, over the very same payload,
   * and its own signed statement of the verdicts. `problems` name seals that were missing or did not agree with the records.
   */
  z.strictObject({
    kind: z.literal("attempt-sealed"),
    key: attemptKeySchema,
    countersigned: z.array(z.strictObject({ node: nodeIdSchema, sig: z.string().max(120) })).max(10),
    verdict: z.strictObject({ payload: z.string().max(200_000), sig: z.string().max(120) }),
    keyid: z.string().max(64),
    problems: z.array(z.string().max(300)).max(20),
  }),
  z.strictObject({
    kind: z.literal("invalid"),
    key: attemptKeySchema,
    fault: faultSchema,
    detail: z.string(),
    retry: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("cancelled"), trial: trialIdSchema, why: z.string() }),
  z.strictObject({ kind: z.literal("study-ended"), study: studyIdSchema, why: z.string() }),
  /** The census of the whole lab went over a cap; the newest attempts were ended for it. */
  z.strictObject({ kind: z.literal("lab-breach"), breach: breachSchema, detail: z.string().max(500) }),
  z.strictObject({ kind: z.literal("stop-ordered"), who: z.string(), why: z.string() }),
]);
export type CoordinatorRecordBody = z.infer<typeof coordinatorRecordBodySchema>;

export const coordinatorRecordSchema = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(1),
  prev: z.string().length(64),
  at: z.iso.datetime(),
  monoMs: z.number(),
  body: coordinatorRecordBodySchema,
});
export type CoordinatorRecord = z.infer<typeof coordinatorRecordSchema>;
