import { sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { NamedKey } from "./public-key.ts";

/** What every envelope here holds. */
export const IN_TOTO_PAYLOAD = "application/vnd.in-toto+json";

/** Base64 in the one spelling that encoding the bytes gives: no other alphabet, no missing padding, no stray bits. */
const base64Schema = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => Buffer.from(text, "base64").toString("base64") === text, { error: "not plain base64" });

export const keyIdSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A DSSE envelope (https://github.com/secure-systems-lab/dsse), members in the order in which they are written. */
export const envelopeSchema = z.strictObject({
  payloadType: z.literal(IN_TOTO_PAYLOAD),
  payload: base64Schema(400_000),
  signatures: z
    .array(z.strictObject({ keyid: keyIdSchema, sig: base64Schema(120) }))
    .min(1)
    .max(8),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** DSSE's pre-authentication encoding: the bytes that are signed. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Ed25519 over the encoding of a statement's text, base64. */
export function signStatement(statement: string, privateKey: KeyObject): string {
  return sign(null, preAuthEncoding(IN_TOTO_PAYLOAD, Buffer.from(statement)), privateKey).toString("base64");
}

/** Whether `sig` (base64) is a key's signature under these very bytes. */
export function isSignedBy(payload: Uint8Array, sig: string, publicKey: KeyObject): boolean {
  try {
    return verify(null, preAuthEncoding(IN_TOTO_PAYLOAD, payload), publicKey, Buffer.from(sig, "base64"));
  } catch {
    return false;
  }
}

/** An envelope around a statement's text, signatures in the given order. */
export function sealEnvelope(
  statement: string,
  signatures: readonly { readonly keyid: string; readonly sig: string }[],
): Envelope {
  return {
    payloadType: IN_TOTO_PAYLOAD,
    payload: Buffer.from(statement).toString("base64"),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })),
  };
}

/**
 * The verified bytes of an envelope, or null. Every one of `keys` must have signed, in this order, and nobody else. Whoever
 * needs the payload takes these bytes: an envelope is never decoded a second time.
 */
export function openEnvelope(envelope: Envelope, keys: readonly NamedKey[]): Buffer | null {
  const payload = Buffer.from(envelope.payload, "base64");
  if (envelope.signatures.length !== keys.length) return null;
  const good = keys.every(({ keyid, key }, i) => {
    const signature = envelope.signatures[i];
    return signature?.keyid === keyid && isSignedBy(payload, signature.sig, key);
  });
  return good ? payload : null;
}
