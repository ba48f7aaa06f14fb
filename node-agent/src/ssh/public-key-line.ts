/** An OpenSSH public key line, taken apart. */
export interface PublicKeyLine {
  readonly type: string;
  readonly base64: string;
  /** The wire form: what a server shows in the handshake. */
  readonly blob: Buffer;
}

const LINE = /^(ssh-ed25519) ([A-Za-z0-9+/]+={0,2})(?: [\w@.:+-]{1,100})?$/;

/**
 * Reads `ssh-ed25519 AAAA... [comment]`. Only ed25519, one line, no options in front: a peer's key
 * line goes into `authorized_keys`, where anything else would be read as options.
 * @throws RangeError when the line is anything else.
 */
export function parsePublicKeyLine(line: string): PublicKeyLine {
  const [, type, base64] = LINE.exec(line.trimEnd()) ?? [];
  if (type === undefined || base64 === undefined) throw new RangeError("not an ed25519 public key line");
  const blob = Buffer.from(base64, "base64");
  // 4 + "ssh-ed25519" + 4 + 32 bytes
  if (blob.length !== 51 || blob.toString("latin1", 4, 15) !== type) {
    throw new RangeError("not an ed25519 public key");
  }
  return { type, base64, blob };
}
