import { z } from "zod";
import { interventionActSchema } from "../messages/intervention.ts";
import { scaffoldSchema } from "../scenario/scaffold.ts";
import { decisionSchema } from "../study/approval.ts";
import { keptMessagesSchema, keptWholeSchema } from "./kept-object.ts";

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What a node journals of the agent's talk with its brain, and of the people who look on; all of it by the daemon, outside the
 * cell, and from the origin alone; but for the exchanges and approvals of a chain's copy, which are the target's.
 */
export const oversightRecordBodies = [
  /** What the agent was given, before its first turn. */
  z.strictObject({
    kind: z.literal("given"),
    task: z.strictObject({ sha256: sha256Schema, bytes: z.int() }),
    scaffold: scaffoldSchema,
    /** The agent program and its prompts as they lie in the cell. */
    files: z.array(z.strictObject({ path: z.string().max(300), sha256: sha256Schema })).max(60),
    /** Whether the brain is the specimen's own model, and how that is known. */
    brain: z.strictObject({
      label: z.string().max(300),
      is: z.enum(["self", "other", "scripted", "recorded"]),
      known: z.string().max(300),
    }),
  }),
  /** One question to the brain and what came of it. */
  z.strictObject({
    kind: z.literal("exchange"),
    /** 1, 2, 3 ... */
    number: z.int().min(1),
    /** sha256 and length of the request's messages as JSON, as they went to the brain. */
    request: z.strictObject({
      sha256: sha256Schema,
      bytes: z.int(),
      messages: z.int(),
      /** The messages themselves, as objects; records from before objects have none. */
      kept: keptMessagesSchema.optional(),
    }),
    /** Oldest messages left out because the model takes no more. */
    dropped: z.int().min(0).default(0),
    /** The answer, cut after 16 KiB; hostile text. Absent where there was none. */
    reply: z
      .strictObject({
        text: z.string(),
        calls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })).max(32),
        cut: z.boolean(),
        /** The whole answer as an object, a `wholeReply`, where it is cut. */
        whole: keptWholeSchema.optional(),
        /** Model name that the server gave. */
        model: z.string().max(256),
      })
      .optional(),
    /** Code of the error, where there was no answer. */
    error: z.string().max(60).optional(),
    /** The server did not say what it used: the tokens and the cost are no measurement. */
    unmetered: z.boolean().optional(),
    promptTokens: z.int().min(0),
    completionTokens: z.int().min(0),
    /** Null where the study gives no price of the model. */
    costUsd: z.number().nullable(),
    /** Of the whole, and in it the time spent waiting to ask again. */
    tookMs: z.number(),
    waitedMs: z.number(),
  }),
  /** The notice of a coming stop was put to the agent. */
  z.strictObject({
    kind: z.literal("noticed"),
    by: z.enum(["file", "signal", "message"]),
    afterTurns: z.int(),
    graceS: z.int(),
    /** Why it did not get there: what the agent had made of its home or of its own program. The stop comes all the same. */
    failed: z.string().max(300).optional(),
  }),
  /** An action met a rule of the approval policy other than auto; `asked` is followed by what was decided. */
  z.strictObject({
    kind: z.literal("approval"),
    id: z.string().max(60),
    /** What the agent was about to do, a part of the answer a line; hostile text. */
    action: z.string().max(4000),
    /** Whether parts of the answer are not in `action`; old records do not say. */
    cut: z.boolean().optional(),
    pattern: z.string().max(200),
    decision: z.enum([...decisionSchema.exclude(["auto", "ask"]).options, "asked", "allow"]),
    /** A person, or `policy`, or `nobody` where time ran out. */
    who: z.string().max(100),
    why: z.string().max(300),
  }),
  /** What a person did to the attempt, as it took effect. */
  z.strictObject({
    kind: z.literal("intervened"),
    who: z.string().max(100),
    why: z.string().max(300),
    act: interventionActSchema,
  }),
] as const;

export const oversightRecordSchema = z.discriminatedUnion("kind", [...oversightRecordBodies]);
export type OversightRecordBody = z.infer<typeof oversightRecordSchema>;
export const OVERSIGHT_KINDS: readonly string[] = oversightRecordBodies.map((b) => b.shape.kind.value);
/** With what ids of approvals begin that are of a chain's copy, on the target's node. */
export const COPY_APPROVAL = "copy-";
export type ExchangeBody = Extract<OversightRecordBody, { kind: "exchange" }>;
export type ApprovalBody = Extract<OversightRecordBody, { kind: "approval" }>;
