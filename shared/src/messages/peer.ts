import { z } from "zod";
import { attemptKeySchema } from "../ids.ts";
import { signedCommandSchema } from "./command.ts";

/** Origin's daemon to target's daemon: build the target's cell. Carries the coordinator's signed order as the proof of right. */
export const reserveRequestSchema = z.strictObject({
  v: z.literal(1),
  order: signedCommandSchema,
  /** OpenSSH public key line which the agent in the origin cell will use. */
  agentKey: z.string().max(1000),
});
/** Later steps of the same attempt name it by its key. */
export const attemptRequestSchema = z.strictObject({ v: z.literal(1), key: attemptKeySchema });

const refused = z.strictObject({ ok: z.literal(false), fault: z.string().max(40), why: z.string().max(500) });
export const reserveReplySchema = z.discriminatedUnion("ok", [
  refused,
  z.strictObject({
    ok: z.literal(true),
    /** Where the origin's daemon reaches the link to the target cell's sshd. */
    host: z.string().max(255),
    port: z.int().min(1).max(65_535),
    /** OpenSSH public host key line, to be pinned. */
    hostKey: z.string().max(1000),
  }),
]);
export type ReserveReply = z.infer<typeof reserveReplySchema>;
export const doneReplySchema = z.discriminatedUnion("ok", [refused, z.strictObject({ ok: z.literal(true) })]);
export type DoneReply = z.infer<typeof doneReplySchema>;
