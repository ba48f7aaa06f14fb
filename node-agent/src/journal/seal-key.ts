import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "@redline/daemon";

/**
 * The Ed25519 key with which this node signs its evidence: `<dir>/node-key.pem` (PEM, mode 0600), made once. Only the daemon can
 * read it: no cell mounts the state folder.
 * @throws ConfigError when the file holds no Ed25519 private key, or when others may read it.
 */
export async function openSealKey(dir: string): Promise<KeyObject> {
  const path = join(dir, "node-key.pem");
  const pem = await readKey(path);
  if (pem === null) return makeKey(path);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Told below, without what stands in the file.
  }
  throw new ConfigError(`${path} holds no Ed25519 key; move it away, and the next start makes a new one`);
}

async function readKey(path: string): Promise<string | null> {
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0)
      throw new ConfigError(
        `${path} can be read by others; move it away, and the next start makes a new key`,
      );
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** Whole and on disk under its name, or not there: half a key would keep every later start from coming up. */
async function makeKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return privateKey;
}
