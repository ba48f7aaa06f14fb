import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { newUserKey, publicKeyOfSeed } from "@redline/daemon";
import { CliError, EXIT } from "../exit-codes.ts";
import { keepFile, readIfThere } from "./keep-file.ts";

/** Public half of the role's seed; the seed is made where there is none. @throws CliError when the file holds no seed. */
export async function userKeyAt(seedPath: string): Promise<string> {
  const seed = (await keepFile(seedPath, `${newUserKey().seed}\n`, 0o600)).trim();
  try {
    return publicKeyOfSeed(seed);
  } catch (error) {
    throw new CliError(EXIT.usage, `${seedPath} holds no NKey seed`, {
      cause: error,
      remedy: "lay the right file there, or move it away and run this again for a new one",
    });
  }
}

/**
 * The key that signs commands: its public half, and itself where it is here. Made where neither is there; a key that was taken to its
 * machine and deleted here is not made again. `shared`: that of the lab's first coordinator, which its standby has too, since nodes
 * know one key.
 * @throws CliError
 */
export async function signingKeyAt(
  paths: { readonly signingKey: string; readonly publicKey: string },
  shared: SigningKey | null,
): Promise<SigningKey> {
  const there = await readIfThere(paths.signingKey);
  const known = await readIfThere(paths.publicKey);
  if (there === null && known !== null) return { pem: null, publicPem: known };
  if (there === null && shared !== null && shared.pem === null)
    throw new CliError(
      EXIT.usage,
      `a new coordinator needs the lab's signing key, which is not here any more`,
      {
        remedy: `copy coordinator.key of the first coordinator to ${paths.signingKey}`,
      },
    );
  const fresh = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const pem = await keepFile(paths.signingKey, shared?.pem ?? fresh.toString(), 0o600);
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519")
    throw new CliError(EXIT.usage, `${paths.signingKey} holds no Ed25519 key`);
  const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  if (shared !== null && publicPem !== shared.publicPem)
    throw new CliError(EXIT.usage, `${paths.signingKey} is another key than that of the first coordinator`, {
      remedy: "copy the first coordinator's coordinator.key there: nodes obey one key",
    });
  return { pem, publicPem };
}

export interface SigningKey {
  /** PKCS#8; null when it is not in the lab folder. */
  readonly pem: string | null;
  readonly publicPem: string;
}
