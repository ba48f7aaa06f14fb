import { sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import { epochSchema, nodeIdSchema, type NodeId } from "../ids.ts";

/** One token of a subject, and used once: with it an answer cannot be played again. */
const questionIdSchema = z.string().regex(/^[0-9a-z]{16,40}$/);

/** A node asks for the coordinator's clock; the answer goes to `subjects.answer(coordinator, node, id)`. */
export const timeRequestSchema = z.strictObject({ v: z.literal(1), id: questionIdSchema });
export type TimeRequest = z.infer<typeof timeRequestSchema>;

const timeAnswerSchema = z.strictObject({
  v: z.literal(1),
  /** Keeps these bytes from ever being taken for another signed thing. */
  purpose: z.literal("redline-time"),
  node: nodeIdSchema,
  id: questionIdSchema,
  epoch: epochSchema,
  /** The coordinator's monotonic clock when the question came and when this answer was made, ms; of this epoch's process alone. */
  t1Ms: z.number(),
  t2Ms: z.number(),
});
export type TimeAnswer = z.infer<typeof timeAnswerSchema>;

/** As it travels: expiry of commands rests on it, so it is signed as they are. */
const signedTimeSchema = z.strictObject({
  v: z.literal(1),
  payload: z.string().max(1000),
  sig: z.string().max(120),
});

export function signTime(answer: Omit<TimeAnswer, "v" | "purpose">, privateKey: KeyObject): string {
  const payload = JSON.stringify({ v: 1, purpose: "redline-time", ...answer } satisfies TimeAnswer);
  return JSON.stringify({
    v: 1,
    payload,
    sig: sign(null, Buffer.from(payload), privateKey).toString("base64"),
  });
}

/** Null unless it is the answer to this question of this node, signed by this key. */
export function openTime(
  bytes: Uint8Array | string,
  { publicKey, node, id }: { publicKey: KeyObject; node: NodeId; id: string },
): TimeAnswer | null {
  try {
    const text = typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8");
    const { payload, sig } = signedTimeSchema.parse(JSON.parse(text));
    if (!verify(null, Buffer.from(payload), publicKey, Buffer.from(sig, "base64"))) return null;
    const answer = timeAnswerSchema.parse(JSON.parse(payload));
    return answer.node === node && answer.id === id ? answer : null;
  } catch {
    return null;
  }
}
