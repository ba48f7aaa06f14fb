import { z } from "zod";
import { attemptKeySchema, deviceSchema, epochSchema, nodeIdSchema } from "../ids.ts";
import { observationBodySchema } from "../evidence/observation.ts";
import { breachSchema, emptiedBySchema } from "../containment/breach.ts";
import { preflightCheckSchema } from "../containment/preflight.ts";
import { selfTestSchema } from "../containment/self-test.ts";
import { sterilityProofSchema } from "../containment/sterility.ts";
import { faultSchema } from "../trials/fault.ts";
import { phaseSchema, runEndSchema } from "../trials/run-end.ts";
import { oversightRecordBodies } from "./oversight-record.ts";

/** How a cell was proved gone; `clean` only when every count is zero. */
export const cellProofSchema = z.strictObject({
  clean: z.boolean(),
  processes: z.int(),
  namespaces: z.int(),
  interfaces: z.int(),
  mounts: z.int(),
  listeners: z.int(),
  tookMs: z.number(),
  /** What was still there, for people. */
  left: z.array(z.string().max(300)).max(20),
});
export type CellProof = z.infer<typeof cellProofSchema>;

/** What a node journals. One record is one line of the node's chain and one message of stream EVT. */
export const nodeRecordBodySchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("node-started"),
    version: z.string(),
    instance: z.string(),
    /** Ed25519 key with which this node signs its evidence, SPKI PEM. Records from before this field have none. */
    publicKey: z.string().max(500).optional(),
  }),
  z.strictObject({ kind: z.literal("accepted"), device: deviceSchema, command: z.string() }),
  z.strictObject({ kind: z.literal("refused"), why: z.string().max(500), fault: faultSchema }),
  z.strictObject({
    kind: z.literal("cell-up"),
    device: deviceSchema,
    cell: z.string(),
    facts: z.record(z.string(), z.string()),
  }),
  z.strictObject({ kind: z.literal("phase"), phase: phaseSchema, ms: z.number() }),
  /** One line of the agent's own event channel, parsed and bounded; hostile text. */
  z.strictObject({ kind: z.literal("agent-event"), event: z.record(z.string(), z.unknown()) }),
  z.strictObject({
    kind: z.literal("run-ended"),
    end: runEndSchema,
    detail: z.string().max(500),
    turns: z.int(),
    tokens: z.int(),
  }),
  z.strictObject({
    kind: z.literal("observation"),
    device: deviceSchema,
    /** 2: of what the copy itself brought up; 1 where it is absent. */
    generation: z.int().min(1).max(10).optional(),
    body: observationBodySchema,
  }),
  z.strictObject({
    kind: z.literal("cell-gone"),
    device: deviceSchema,
    cell: z.string(),
    proof: cellProofSchema,
  }),
  /**
   * The node's signature over its records of this attempt so far, as an in-toto statement in DSSE's encoding; the last record
   * before `device-closed` of the node's last device.
   */
  z.strictObject({
    kind: z.literal("sealed"),
    /** JSON text of the statement, exactly the signed bytes. */
    payload: z.string().max(20_000),
    keyid: z.string().max(64),
    /** Ed25519 over DSSE's pre-authentication encoding, base64. */
    sig: z.string().max(120),
  }),
  /** What the cell was shown to hold before anything of the attempt ran in it. */
  z.strictObject({
    kind: z.literal("preflight"),
    device: deviceSchema,
    cell: z.string(),
    ok: z.boolean(),
    checks: z.array(preflightCheckSchema).max(60),
    tookMs: z.number(),
  }),
  /**
   * The node compared with its baseline once the attempt's cell was gone (`after`), and again a minute or more later (`again`,
   * which stands outside the attempt's seal and so names it itself).
   */
  z.strictObject({
    kind: z.literal("sterile"),
    device: deviceSchema,
    of: attemptKeySchema,
    look: z.enum(["after", "again"]),
    /** From the end of the part's cells to the look, ms. A daemon that ends takes its second looks early. */
    afterMs: z.number().min(0).optional(),
    proof: sterilityProofSchema,
  }),
  /** Live copies of an attempt, counted by the node from outside its cells; on change. */
  z.strictObject({
    kind: z.literal("census"),
    device: deviceSchema,
    copies: z.int().min(0),
    generation: z.int().min(0).max(10),
  }),
  /** Something left its cell or survived; `killed` processes were ended for it. */
  z.strictObject({
    kind: z.literal("breach"),
    breach: breachSchema,
    detail: z.string().max(500),
    killed: z.int().min(0),
  }),
  /** Everything of this node, or of one attempt, was ended; `tookMs` from the order, or from the moment the limit was over, until no process was left. */
  z.strictObject({
    kind: z.literal("emptied"),
    by: emptiedBySchema,
    cells: z.int().min(0),
    tookMs: z.number(),
    detail: z.string().max(300),
  }),
  /** The node takes no work until a person clears it. */
  z.strictObject({ kind: z.literal("quarantined"), why: z.string().max(300) }),
  z.strictObject({ kind: z.literal("cleared"), who: z.string().max(100), why: z.string().max(300) }),
  z.strictObject({ kind: z.literal("self-test"), report: selfTestSchema }),
  ...oversightRecordBodies,
  /** Nothing more of this attempt comes from this device. */
  z.strictObject({ kind: z.literal("device-closed"), device: deviceSchema }),
  /** From the leading (origin) daemon: the attempt is over. */
  z.strictObject({
    kind: z.literal("attempt-ended"),
    outcome: z.enum(["completed", "infra", "cancelled"]),
    fault: faultSchema.optional(),
    detail: z.string().max(1000),
  }),
  /** A daemon ends its part although nobody asked it to, and says why: the attempt cannot go on without it. */
  z.strictObject({
    kind: z.literal("part-ended"),
    device: deviceSchema,
    fault: faultSchema,
    detail: z.string().max(500),
  }),
  /** A restarted daemon names an attempt that died with its predecessor. */
  z.strictObject({ kind: z.literal("lost"), device: deviceSchema, detail: z.string().max(500) }),
]);
export type NodeRecordBody = z.infer<typeof nodeRecordBodySchema>;

export const nodeRecordSchema = z.strictObject({
  v: z.literal(1),
  node: nodeIdSchema,
  /** 1, 2, 3 ... in this node's chain. */
  seq: z.int().min(1),
  /** sha256 (hex) of the line before, 64 zeros for the first. */
  prev: z.string().length(64),
  bootId: z.string(),
  /** Wall time of the node: for people, never for order across nodes. */
  at: z.iso.datetime(),
  /** Monotonic milliseconds of the node's daemon. */
  monoMs: z.number(),
  key: attemptKeySchema.optional(),
  /**
   * Place in this node's own chain of the attempt, where the record has a key: `n` is 1, 2, 3 ... and `prev` the sha256 of its record
   * before, 64 zeros for the first. So an attempt's records prove whole without those of others.
   */
  chain: z.strictObject({ n: z.int().min(1), prev: z.string().length(64) }).optional(),
  /** The coordinator's monotonic clock minus this node's, as last measured, and how wrong that may be (half the round trip and drift), ms. */
  clock: z
    .strictObject({
      epoch: epochSchema,
      offsetMs: z.number(),
      errorMs: z.number().min(0),
      ageMs: z.number().min(0),
    })
    .optional(),
  body: nodeRecordBodySchema,
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;
