import { createPublicKey } from "node:crypto";
import { join, resolve } from "node:path";
import { keyIdOf } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { readPlainFile } from "./read-bundle-file.ts";

export interface TrustOptions {
  /** A PEM file, or `sha256:HEX`. */
  readonly coordinatorKey?: string | undefined;
  readonly state?: string | undefined;
}
/** The coordinator's key that bundles must be signed with, and for people where it is from. */
export interface TrustedKey {
  readonly keyId: string;
  readonly from: string;
}

const KEY_FILE_BYTES = 16_384;

/**
 * The key that options name, or `coordinator.pub` of the state folder that they name; null where they name neither. What lies in the
 * current folder is not taken: it may have come with the bundle.
 * @throws CliError where what was named is no key.
 */
export async function trustedKey(options: TrustOptions, cwd: string): Promise<TrustedKey | null> {
  const { coordinatorKey, state } = options;
  if (coordinatorKey !== undefined) {
    const id = /^sha256:([0-9a-f]{64})$/i.exec(coordinatorKey)?.[1];
    if (id !== undefined) return { keyId: id.toLowerCase(), from: "--coordinator-key" };
    if (coordinatorKey.startsWith("sha256:"))
      throw new CliError(EXIT.usage, "--coordinator-key: expected sha256: and 64 hex digits, or a file");
    const path = resolve(cwd, coordinatorKey);
    return { keyId: await idOfFile(path), from: path };
  }
  if (state === undefined) return null;
  const path = join(resolve(cwd, state), "coordinator", "coordinator.pub");
  return { keyId: await idOfFile(path), from: path };
}

async function idOfFile(path: string): Promise<string> {
  const pem = await readPlainFile(path, KEY_FILE_BYTES);
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "ed25519") return keyIdOf(key);
  } catch {
    // Told below, without what stands in the file.
  }
  throw new CliError(EXIT.usage, `${path} holds no Ed25519 public key in PEM`, {
    remedy: "name the coordinator's coordinator.pub, or sha256:HEX of it",
  });
}
