import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** Name of an Ed25519 key in envelopes and bundles: sha256 of its SPKI DER, hex. Takes the private or the public half. */
export function keyIdOf(key: KeyObject): string {
  const known = ids.get(key);
  if (known !== undefined) return known;
  const id = createHash("sha256").update(publicDer(key)).digest("hex");
  ids.set(key, id);
  return id;
}

/** Keys do not change, and an export costs several signatures. */
const ids = new WeakMap<KeyObject, string>();
const ders = new WeakMap<KeyObject, Buffer>();
const pems = new WeakMap<KeyObject, string>();
const halves = new WeakMap<KeyObject, KeyObject>();

/** A public key and its id, which costs as much to make as a signature to check. */
export interface NamedKey {
  readonly keyid: string;
  readonly key: KeyObject;
}

/** SPKI DER of a key's public half. */
export function publicDer(key: KeyObject): Buffer {
  const der = ders.get(key) ?? publicHalf(key).export({ type: "spki", format: "der" });
  ders.set(key, der);
  return der;
}

/** SPKI PEM of a key's public half, as `openssl pkey -pubout` writes it. */
export function publicPem(key: KeyObject): string {
  const known = pems.get(key);
  if (known !== undefined) return known;
  const pem = publicHalf(key).export({ type: "spki", format: "pem" }).toString();
  pems.set(key, pem);
  return pem;
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

/** The same object each time, so that what is remembered of it is found. */
export function publicHalf(key: KeyObject): KeyObject {
  if (key.type !== "private") return key;
  const half = halves.get(key) ?? createPublicKey(key);
  halves.set(key, half);
  return half;
}
