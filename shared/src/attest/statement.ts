import { createHash } from "node:crypto";
import { z } from "zod";

/** in-toto Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** A file of the bundle that a statement is about. */
export const subjectSchema = z.strictObject({
  name: z.string().max(200),
  digest: z.strictObject({ sha256: sha256Schema }),
});
export type Subject = z.infer<typeof subjectSchema>;

/** in-toto ResourceDescriptor, the members that are used here. */
export const descriptorSchema = z.strictObject({
  name: z.string().max(120),
  digest: z.strictObject({ sha256: sha256Schema }),
  mediaType: z.string().max(100).optional(),
  /** Base64; `digest` is of the decoded bytes. */
  content: z.string().max(20_000).optional(),
  annotations: z.record(z.string().max(40), z.union([z.string().max(100), z.number()])).optional(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

/** A descriptor that carries what it describes. */
export function describeContent(
  name: string,
  mediaType: string,
  content: Buffer,
  annotations?: Descriptor["annotations"],
): Descriptor {
  return {
    name,
    digest: { sha256: createHash("sha256").update(content).digest("hex") },
    mediaType,
    content: content.toString("base64"),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** What a descriptor carries; null where it is missing, not plain base64, or not what the digest says. */
export function contentOf({ content, digest }: Descriptor): Buffer | null {
  if (content === undefined) return null;
  const bytes = Buffer.from(content, "base64");
  if (bytes.toString("base64") !== content) return null;
  return createHash("sha256").update(bytes).digest("hex") === digest.sha256 ? bytes : null;
}

/** Name of a node's records of an attempt, as subject and as member of a bundle. */
export const recordsName = (
  key: { readonly trial: string; readonly attempt: number },
  node: string,
): string => `${key.trial}-${key.attempt}/${node}.jsonl`;

/** JSON of verified bytes by a schema; null where it is not UTF-8, not JSON or of another shape. */
export function parseBytes<T>(bytes: Uint8Array, schema: z.ZodType<T>): T | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
