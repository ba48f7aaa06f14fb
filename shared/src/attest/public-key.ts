import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** Name of an Ed25519 key in envelopes and bundles: sha256 of its SPKI DER, hex. Takes the private or the public half. */
export function keyIdOf(key: KeyObject): string {
  return createHash("sha256").update(publicDer(key)).digest("hex");
}

/** A public key and its id, which costs as much to make as a signature to check. */
export interface NamedKey {
  readonly keyid: string;
  readonly key: KeyObject;
}

/** SPKI DER of a key's public half. */
export function publicDer(key: KeyObject): Buffer {
  return publicHalf(key).export({ type: "spki", format: "der" });
}

/** SPKI PEM of a key's public half, as `openssl pkey -pubout` writes it. */
export function publicPem(key: KeyObject): string {
  return publicHalf(key).export({ type: "spki", format: "pem" }).toString();
}

/** The Ed25519 key of a PEM text; null for anything else, and for the same key written in another way. */
export function readPublicPem(pem: string): KeyObject | null {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === "ed25519" && publicPem(key) === pem ? key : null;
  } catch {
    return null;
  }
}

const publicHalf = (key: KeyObject) => (key.type === "private" ? createPublicKey(key) : key);
