import { createHmac, hkdfSync, timingSafeEqual, type KeyObject } from "node:crypto";

const MAC_BYTES = 32;
const LABELS = { token: "redline v1 pair: subjects", mac: "redline v1 pair: messages" } as const;

/**
 * What two coordinators know by the signing key that they share, and nobody else on the bus: a part of the subjects on which they
 * write the journal and who leads, so that no node can have the server lay something there, and the proof that a message is theirs,
 * so that one who learned the subjects all the same has nothing believed.
 */
export class PairSecret {
  /** 32 hex digits. */
  readonly token: string;
  readonly #key: Buffer;

  constructor(signingKey: KeyObject) {
    this.token = derive(signingKey, LABELS.token, 16).toString("hex");
    this.#key = derive(signingKey, LABELS.mac, MAC_BYTES);
  }

  /** @returns HMAC-SHA256 of the content, and the content */
  seal(content: Uint8Array): Buffer {
    return Buffer.concat([this.#macOf(content), content]);
  }

  /** Null for what no coordinator of this key wrote. */
  open(data: Uint8Array): Buffer | null {
    const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const content = buffer.subarray(MAC_BYTES);
    if (buffer.length < MAC_BYTES) return null;
    return timingSafeEqual(buffer.subarray(0, MAC_BYTES), this.#macOf(content)) ? content : null;
  }

  #macOf(content: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(content).digest();
  }
}

/** One secret for each use (RFC 5869). */
const derive = (key: KeyObject, label: string, bytes: number) =>
  Buffer.from(hkdfSync("sha256", key.export({ type: "pkcs8", format: "der" }), "", label, bytes));
