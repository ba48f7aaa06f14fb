import { generateKeyPairSync, randomBytes } from "node:crypto";
import ssh2 from "ssh2";

const KEY_TYPE = "ssh-ed25519";

export interface EphemeralKey {
  /** OpenSSH private key file (PEM), not encrypted: keep it in memory or in a 0600 file of one attempt. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA... comment` */
  readonly publicKeyLine: string;
}

/**
 * A new ed25519 key in OpenSSH's own format, which both ssh2 and OpenSSH read.
 * Layout: openssh/PROTOCOL.key ("openssh-key-v1", cipher none, one key).
 */
export function newEphemeralKey(comment = "redline"): EphemeralKey {
  needPlain(comment);
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  if (jwk.d === undefined || jwk.x === undefined) throw new Error("ed25519 key without its parts");
  const seed = Buffer.from(jwk.d, "base64url");
  const point = Buffer.from(jwk.x, "base64url");
  const publicBlob = Buffer.concat([lengthAndBytes(KEY_TYPE), lengthAndBytes(point)]);

  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    lengthAndBytes(Buffer.concat([seed, point])),
    lengthAndBytes(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    lengthAndBytes("none"),
    lengthAndBytes("none"),
    lengthAndBytes(""),
    uint32(1),
    lengthAndBytes(publicBlob),
    lengthAndBytes(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKeyLine: `${KEY_TYPE} ${publicBlob.toString("base64")} ${comment}`,
  };
}

/** The passphrase is there to be typed, not to keep anybody out for long; more rounds would hold up the daemon's loop. */
const ROUNDS = 1;

/** As `newEphemeralKey`, with a private key that wants this passphrase. Takes some 50 ms. */
export function newLockedKey(comment: string, passphrase: string): EphemeralKey {
  needPlain(comment);
  const made = ssh2.utils.generateKeyPairSync("ed25519", {
    ...{ comment, passphrase, cipher: "aes256-ctr", rounds: ROUNDS },
  });
  return { privateKey: made.private, publicKeyLine: made.public };
}

function needPlain(comment: string): void {
  if (!/^[\w@.:-]{1,80}$/.test(comment)) throw new RangeError("a key comment is 1 to 80 plain characters");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function lengthAndBytes(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
