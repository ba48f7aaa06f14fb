import { createHash } from "node:crypto";
import { z } from "zod";
import type { AttemptKey } from "../ids.ts";

export const sha256HexSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A larger one is not kept; the record that would name it says so. */
export const OBJECT_MAX_BYTES = 16 * 1_048_576;
/** Of all objects of one attempt on one node. */
export const ATTEMPT_OBJECTS_BYTES = 64 * 1_048_576;
/** What may wait on a node's disk for the coordinator, of all attempts together. */
export const NODE_OBJECTS_BYTES = 2048 * 1_048_576;
/** Messages that one exchange can put in as objects. */
export const MOST_ADDED = 256;

export const objectRefSchema = z.strictObject({
  sha256: sha256HexSchema,
  bytes: z.int().min(0).max(OBJECT_MAX_BYTES),
});
export type ObjectRef = z.infer<typeof objectRefSchema>;

/** Why large content was not kept. */
export const notKeptSchema = z.strictObject({ not: z.string().max(200) });

/**
 * The messages of a request, as objects: `list` is a `messageList`, `added` are those of its messages that this node had not put
 * away for the attempt before. So a long talk is stored once, and every object stands in a record of the attempt.
 */
export const keptMessagesSchema = z.union([
  z.strictObject({ list: objectRefSchema, added: z.array(objectRefSchema).max(MOST_ADDED) }),
  notKeptSchema,
]);
export type KeptMessages = z.infer<typeof keptMessagesSchema>;

/** The whole of something that its record holds only in part. */
export const keptWholeSchema = z.union([objectRefSchema, notKeptSchema]);
export type KeptWhole = z.infer<typeof keptWholeSchema>;

/** The object that lists a request's messages: sha256 of each message's JSON text, in order. */
export const messageListSchema = z.strictObject({ v: z.literal(1), messages: z.array(sha256HexSchema) });
/** The object that holds a whole answer. */
export const wholeReplySchema = z.strictObject({
  v: z.literal(1),
  text: z.string(),
  calls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })),
});
export type WholeReply = z.infer<typeof wholeReplySchema>;

export const objectDigest = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** JSON text of a request's messages out of those of each: what `exchange.request.sha256` is the digest of. */
export const joinMessages = (messages: readonly string[]): string => `[${messages.join(",")}]`;

/** Where a node puts an object in its bucket. */
export const objectName = ({ trial, attempt }: Pick<AttemptKey, "trial" | "attempt">, sha256: string) =>
  `${trial}/${attempt}/${sha256}`;
