import { z } from "zod";
import { studyIdSchema } from "../ids.ts";
import { sha256HexSchema } from "./kept-object.ts";

/** Name of the file in an export that says what the others are; it is the last. */
export const MANIFEST_NAME = "manifest.json";
/** Lines of the coordinator's journal, byte for byte: all up to the head, or those about one study. */
export const JOURNAL_NAME = "journal.jsonl";
/** The coordinator's public key, PEM, where the exporter had it. */
export const PUBLIC_KEY_NAME = "coordinator.pub";
export const objectPath = (study: string, sha256: string) => `objects/${study}/${sha256}`;

/** `manifest.json` of an export. */
export const exportManifestSchema = z.strictObject({
  v: z.literal(1),
  format: z.literal("redline-export"),
  /** A whole journal can be restored; a study's part can be imported into another lab. */
  of: z.enum(["journal", "study"]),
  study: studyIdSchema.nullable(),
  /** Key id of the coordinator it is from, sha256 in hex. */
  lab: sha256HexSchema,
  version: z.string().max(40),
  at: z.iso.datetime(),
  /** The newest record of the journal at the export, and the sha256 of its line. */
  head: z.strictObject({ seq: z.int().min(0), sha256: sha256HexSchema }),
  /** Lines in `journal.jsonl`. */
  records: z.int().min(0),
  /** Whether objects were put in. */
  objects: z.boolean(),
  files: z
    .array(z.strictObject({ name: z.string().max(200), bytes: z.int().min(0), sha256: sha256HexSchema }))
    .max(2_000_000),
});
export type ExportManifest = z.infer<typeof exportManifestSchema>;

/*
 * HTTP API of the journal, beside `GET /api/journal`:
 *
 *     GET  /api/lab                       labReply
 *     GET  /api/objects/STUDY             objectsReply
 *     GET  /api/objects/STUDY/SHA256      objectReply | 404
 *     POST /api/studies/ID/move-out       whyRequest -> moveOutReply | 409: the study is over here, its cells are ended
 *     POST /api/studies/ID/prune          whyRequest -> pruneReply | 409: removes its objects
 *     POST /api/import                    importRequest -> importReply | 409 | 422
 *     POST /api/import/object             importObjectRequest -> importObjectReply | 409 | 422
 */
export const labReplySchema = z.object({ lab: sha256HexSchema, pem: z.string(), version: z.string() });
export const objectsReplySchema = z.object({
  objects: z.array(z.object({ sha256: sha256HexSchema, bytes: z.int().min(0) })),
});
export const objectReplySchema = z.object({ base64: z.string() });
export const pruneReplySchema = z.object({ study: studyIdSchema, count: z.int(), bytes: z.int() });
export const moveOutReplySchema = z.object({
  study: studyIdSchema,
  cancelledTrials: z.int(),
  silent: z.array(z.string()),
});
/** The next lines of a study's export, in order. `at`: how many lines came before these; `last`: these are the end. */
export const importRequestSchema = z.strictObject({
  who: z.string().max(100),
  why: z.string().max(300),
  lab: sha256HexSchema,
  study: studyIdSchema,
  at: z.int().min(0),
  lines: z.array(z.string()).max(1000),
  last: z.boolean(),
});
/** `have`: lines that are here now; an import that was cut off goes on from there. */
export const importReplySchema = z.object({
  have: z.int(),
  done: z.boolean(),
  /** What became of the study, in a sentence; empty before the end. */
  outcome: z.string(),
});
/** A piece of an object, in order; with the last one its digest is checked. */
export const importObjectRequestSchema = z.strictObject({
  study: studyIdSchema,
  sha256: sha256HexSchema,
  offset: z.int().min(0),
  base64: z.string(),
  last: z.boolean(),
});
export const importObjectReplySchema = z.object({ have: z.int(), done: z.boolean() });
