import { z } from "zod";
import {
  attemptKeySchema,
  epochSchema,
  nodeIdSchema,
  slugSchema,
  studyIdSchema,
  trialIdSchema,
} from "../ids.ts";
import { placedGpusSchema } from "../placement/gpu-need.ts";
import { conditionSchema } from "../scenario/condition.ts";
import { scaffoldSchema } from "../scenario/scaffold.ts";
import { scenarioSchema } from "../scenario/scenario-schema.ts";
import { approvalsSchema } from "../study/approval.ts";
import { priceSchema } from "../study/price.ts";
import { brainSchema, limitsSchema, weightsPlaceSchema } from "../study/study-schema.ts";
import { interventionActSchema } from "./intervention.ts";

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** What one attempt is: the origin's daemon leads it, the target's daemon is shown the same signed order. */
export const runOrderSchema = z.strictObject({
  verb: z.literal("run"),
  study: studyIdSchema,
  key: attemptKeySchema,
  /** Whole: the node has nothing of it beforehand. */
  scenario: scenarioSchema,
  scaffold: scaffoldSchema,
  condition: conditionSchema,
  specimen: z.strictObject({ name: slugSchema, sha256: sha256Schema, weights: weightsPlaceSchema }),
  brain: brainSchema,
  brainName: slugSchema,
  devices: z.strictObject({ origin: nodeIdSchema, target: nodeIdSchema }),
  /** GPUs that each device's cell gets, and no others. */
  gpus: placedGpusSchema.optional(),
  limits: limitsSchema,
  /** Of the brain's model; absent where the study gives none. */
  price: priceSchema.optional(),
  approvals: approvalsSchema.optional(),
});
export type RunOrder = z.infer<typeof runOrderSchema>;

/** Ends one trial's attempt on a node: cells torn down, records kept. Safe to repeat. */
export const cancelOrderSchema = z.strictObject({
  verb: z.literal("cancel"),
  trial: trialIdSchema,
  attempt: z.int().min(1),
  reason: z.string().max(300),
});
/** Ends every cell on a node. */
export const stopOrderSchema = z.strictObject({ verb: z.literal("stop"), reason: z.string().max(300) });

/**
 * The coordinator's heartbeat to one node, and the lease of each attempt there: what a node runs and no pulse has named for the
 * node's limit is ended, and without any pulse everything is. `beat` grows within a term, so that an old one cannot be played again.
 */
export const pulseOrderSchema = z.strictObject({
  verb: z.literal("pulse"),
  beat: z.int().min(1),
  live: z.array(z.strictObject({ trial: trialIdSchema, attempt: z.int().min(1) })).max(1000),
});
export type PulseOrder = z.infer<typeof pulseOrderSchema>;
/** Runs the escape suite; the answer says that it began, the report is a record. */
export const selfTestOrderSchema = z.strictObject({
  verb: z.literal("self-test"),
  reason: z.string().max(300),
});
/** Lifts a quarantine after a new look at the node; `force`: even though that look found something. */
export const clearOrderSchema = z.strictObject({
  verb: z.literal("clear"),
  who: z.string().max(100),
  reason: z.string().max(300),
  force: z.boolean(),
});
/** What a person does to a running attempt; answered when it has taken effect. */
export const interveneOrderSchema = z.strictObject({
  verb: z.literal("intervene"),
  trial: trialIdSchema,
  attempt: z.int().min(1),
  who: z.string().max(100),
  why: z.string().max(300),
  act: interventionActSchema,
});
export type InterveneOrder = z.infer<typeof interveneOrderSchema>;

export const commandSchema = z.strictObject({
  v: z.literal(1),
  id: z.string().min(1).max(120),
  /** Node it is meant for, or `all`. */
  aud: z.union([nodeIdSchema, z.literal("all")]),
  epoch: epochSchema,
  issuedAt: z.iso.datetime(),
  /** The same moment on the coordinator's monotonic clock, ms: a node that has measured that clock asks no wall clock. */
  issuedMonoMs: z.number().optional(),
  /** Wall time after which a node drops it unread. */
  expiresAt: z.iso.datetime(),
  order: z.discriminatedUnion("verb", [
    runOrderSchema,
    cancelOrderSchema,
    stopOrderSchema,
    pulseOrderSchema,
    selfTestOrderSchema,
    clearOrderSchema,
    interveneOrderSchema,
  ]),
});
export type Command = z.infer<typeof commandSchema>;

/**
 * A command as it travels. The signature is over the exact bytes of `payload`: server replies bypass
 * NATS publish permissions, so a subject alone proves nothing about the sender.
 */
export const signedCommandSchema = z.strictObject({
  v: z.literal(1),
  /** JSON text of a Command. */
  payload: z.string().max(200_000),
  /** Ed25519, base64. */
  sig: z.string().max(120),
});
export type SignedCommand = z.infer<typeof signedCommandSchema>;

/**
 * A node's answer to an order on the fast path, given when what it ends is gone. `running`: parts of attempts that are still there.
 * `done` is false where the order was refused, and `why` says so.
 */
export const controlAnswerSchema = z.object({
  v: z.literal(1),
  running: z.int().min(0),
  done: z.boolean().default(true),
  why: z.string().max(500).default(""),
});
export type ControlAnswer = z.infer<typeof controlAnswerSchema>;
