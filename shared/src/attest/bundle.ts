import { z } from "zod";
import { sha256HexSchema } from "../journal/kept-object.ts";
import { envelopeSchema, keyIdSchema } from "./dsse.ts";

export const BUNDLE_MEDIA_TYPE = "application/vnd.redline.bundle+json;version=1";
/** A larger file is not read. */
export const BUNDLE_MAX_BYTES = 268_435_456;

/** Half a character has no bytes of its own: it would hash like the mark that stands for what cannot be read. */
const wellFormedSchema = z
  .string()
  .refine((text) => !/\p{Surrogate}/u.test(text), { error: "half a character in a record" });

/** One sealed attempt, members in the order in which they are written. Explained in `docs/bundle.md`. */
export const bundleSchema = z.strictObject({
  mediaType: z.literal(BUNDLE_MEDIA_TYPE),
  /** Lines of each node, each with its newline, by `<trial>-<attempt>/<node>.jsonl`; the origin's first. */
  records: z.record(z.string().max(200), wellFormedSchema),
  /** One envelope for each member of `records`, in the same order: signed by the node, then by the coordinator. */
  evidence: z.array(envelopeSchema).min(1).max(10),
  verdict: envelopeSchema,
  keys: z
    .array(z.strictObject({ keyid: keyIdSchema, role: z.string().max(40), pem: z.string().max(500) }))
    .min(2)
    .max(11),
  /** Large content that the records name, base64 by its sha256, in the order of the names. Bundles from before objects have none. */
  objects: z.record(sha256HexSchema, z.string()).optional(),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** The one text of a bundle. */
export function bundleText(bundle: Bundle): string {
  return `${JSON.stringify(bundleSchema.parse(bundle))}\n`;
}

/** Why a file is no bundle that can be checked. */
export type BundleFormFault = "too-large" | "not-utf8" | "not-json" | "unknown-shape" | "not-canonical";
export type ReadBundle =
  | { readonly ok: true; readonly bundle: Bundle }
  | { readonly ok: false; readonly word: BundleFormFault; readonly why: string };

const refuse = (word: BundleFormFault, why: string): ReadBundle => ({ ok: false, word, why });

/**
 * A bundle from a file's bytes. They must be exactly the text that `bundleText` gives for what they say: another order, other
 * white space, a doubled member or another escape would be bytes that no signature and no digest covers.
 */
export function readBundle(bytes: Uint8Array): ReadBundle {
  if (bytes.length > BUNDLE_MAX_BYTES)
    return refuse("too-large", `${bytes.length} bytes, the limit is ${BUNDLE_MAX_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("not-utf8", "the file is not UTF-8 text");
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse("not-json", "the file is not JSON");
  }
  const parsed = bundleSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse("unknown-shape", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown shape"}`);
  }
  if (`${JSON.stringify(parsed.data)}\n` !== text)
    return refuse("not-canonical", "the file says the same in other bytes than a bundle is written in");
  return { ok: true, bundle: parsed.data };
}
