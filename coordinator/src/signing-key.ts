import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/**
 * The coordinator's Ed25519 key: `<dir>/coordinator.key` (PEM, mode 0600), made at first start. Its public
 * half is written to `<dir>/coordinator.pub` at every start; nodes obey only what it signed.
 * @param file where the key is, when it is not in `dir`; it must be there
 * @throws when the file holds no Ed25519 private key.
 */
export async function openSigningKey(dir: string, file?: string): Promise<KeyObject> {
  const path = file ?? join(dir, "coordinator.key");
  const there = await readKey(path);
  if (there === null && file !== undefined) throw new Error(`${path} is not there`);
  const key = there ?? (await makeKey(path));
  if (key.asymmetricKeyType !== "ed25519") throw new Error(`${path} holds no Ed25519 key`);
  const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" });
  await writeFile(join(dir, "coordinator.pub"), publicPem);
  return key;
}

async function readKey(path: string): Promise<KeyObject | null> {
  try {
    return createPrivateKey(await readFile(path, "utf8"));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function makeKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
    // On disk before the first command is signed with it: a lost key would orphan every node.
    await file.sync();
  } finally {
    await file.close();
  }
  return privateKey;
}
