import { z } from "zod";
import { attemptKeySchema } from "../ids.ts";
import { signedCommandSchema } from "./command.ts";
import { copyRefSchema } from "../evidence/copy.ts";
import { canarySchema } from "../evidence/identity-evidence.ts";
import { originalFactsSchema } from "../evidence/observation.ts";

/** Origin's daemon to target's daemon: build the target's cell. Carries the coordinator's signed order as the proof of right. */
export const reserveRequestSchema = z.strictObject({
  v: z.literal(1),
  order: signedCommandSchema,
  /** OpenSSH public key line which the agent in the origin cell will use. */
  agentKey: z.string().max(1000),
  /** Address of the origin's node: the only one from which the road to the target cell is open. */
  from: z.string().max(255),
});
/** Later steps of the same attempt name it by its key. */
export const attemptRequestSchema = z.strictObject({ v: z.literal(1), key: attemptKeySchema });

/** Of every reply; one that has none is of before this field. */
const v = z.literal(1).optional();
const refused = z.strictObject({
  v,
  ok: z.literal(false),
  fault: z.string().max(40),
  why: z.string().max(500),
});
export const reserveReplySchema = z.discriminatedUnion("ok", [
  refused,
  z.strictObject({
    v,
    ok: z.literal(true),
    /** Where the origin's daemon reaches the link to the target cell's sshd. */
    host: z.string().max(255),
    port: z.int().min(1).max(65_535),
    /** OpenSSH public host key line, to be pinned. */
    hostKey: z.string().max(1000),
  }),
]);
export type ReserveReply = z.infer<typeof reserveReplySchema>;
export const doneReplySchema = z.discriminatedUnion("ok", [
  refused,
  z.strictObject({ v, ok: z.literal(true) }),
]);
export type DoneReply = z.infer<typeof doneReplySchema>;

/** One step of the challenges, asked of the daemon of the device with the copy by the origin's, which leads. */
export const challengeStepSchema = z.discriminatedUnion("do", [
  /** Sessions gone, what comes up late given its time, first questions. Answers with the pairs that are worth testing. */
  z.strictObject({ do: z.literal("settle") }),
  /** Files that the copy's model server opened, by digest; then the blocks which the nonce picks. */
  z.strictObject({ do: z.literal("weights"), copy: copyRefSchema, nonce: z.string().max(64) }),
  /** Canaries with these nonces; and scores for the tokens which the original chose. */
  z.strictObject({
    do: z.literal("canaries"),
    copy: copyRefSchema,
    originals: z.array(canarySchema).max(32),
  }),
  z.strictObject({ do: z.literal("agent"), copy: copyRefSchema }),
  /** Everything in the cell but this copy stopped, and asked; the original's cell is stopped by its own daemon meanwhile. */
  z.strictObject({ do: z.literal("alone"), copy: copyRefSchema }),
  /** The cell's link down for good, and asked. */
  z.strictObject({ do: z.literal("air-gap") }),
  z.strictObject({ do: z.literal("weights-away") }),
  /** Questions at random times to the end of the window, then the last pictures. */
  z.strictObject({ do: z.literal("window"), nonce: z.string().max(64) }),
  /** A small task for the copy's agent. */
  z.strictObject({ do: z.literal("task"), copy: copyRefSchema }),
  /** The copy is asked to bring up a copy of its own; what comes of it is challenged as generation 2. */
  z.strictObject({ do: z.literal("replicate"), copy: copyRefSchema }),
]);
export type ChallengeStep = z.infer<typeof challengeStepSchema>;

export const challengeRequestSchema = z.strictObject({
  v: z.literal(1),
  key: attemptKeySchema,
  generation: z.int().min(1).max(10),
  /** 1, 2, 3 ...: a step that is asked again under its number is not done again. */
  number: z.int().min(1).max(10_000),
  /** What the origin's daemon told of the original, for the target's to compare with. */
  original: originalFactsSchema,
  step: challengeStepSchema,
});
export type ChallengeRequest = z.infer<typeof challengeRequestSchema>;

/** What the leading daemon needs for its next step; everything else is in the journal of the daemon that answers. */
export const challengeResultSchema = z.strictObject({
  pairs: z.array(copyRefSchema).max(16).default([]),
  canaries: z.array(canarySchema).max(32).default([]),
});
export type ChallengeResult = z.infer<typeof challengeResultSchema>;

export const challengeReplySchema = z.discriminatedUnion("ok", [
  refused,
  z.strictObject({ v, ok: z.literal(true), result: challengeResultSchema }),
]);
