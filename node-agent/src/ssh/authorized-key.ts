import { parsePublicKeyLine } from "./public-key-line.ts";

export interface AuthorizedKeyOptions {
  /** Wall time after which sshd refuses the key. It does not end a session that is open. */
  readonly expires: Date;
  /** Source addresses that may use it; all when absent. */
  readonly from?: readonly string[];
  /** The key carries files (SFTP) and runs nothing, on no terminal. */
  readonly filesOnly?: boolean;
}

/**
 * One line of `authorized_keys`: no forwarding of any kind, a terminal allowed unless it is for files only, a life.
 * @throws RangeError when the key or an address is not plain.
 */
export function authorizedKey(publicKeyLine: string, options: AuthorizedKeyOptions): string {
  const key = parsePublicKeyLine(publicKeyLine);
  const use = options.filesOnly === true ? 'command="internal-sftp"' : "pty";
  const words = ["restrict", use, `expiry-time="${expiryTime(options.expires)}"`];
  if (options.from !== undefined) {
    for (const address of options.from) {
      if (!/^[0-9a-fA-F.:/]{1,60}$/.test(address)) throw new RangeError(`not an address: ${address}`);
    }
    words.push(`from="${options.from.join(",")}"`);
  }
  return `${words.join(",")} ${key.type} ${key.base64}`;
}

/** `YYYYMMDDHHMMSSZ`: sshd reads a time without the Z in the cell's own time zone. */
function expiryTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}
