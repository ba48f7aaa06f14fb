import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./setup-error.mjs";

export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const tools = join(repository, ".cache", "tools");

/** Programs that were unpacked: symbolic links and wrapper scripts, one a program. */
export const unpackedBin = join(tools, "bin");
/** Where the distribution's packages are unpacked: a tree that looks like `/`. */
export const unpackedSystem = join(tools, "system");
export const unpackedNats = join(tools, "nats-server");

export function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** To be called before anything is written, so that a read-only clone gets one clear message. */
export function makeToolsFolder() {
  try {
    mkdirSync(tools, { recursive: true });
    accessSync(tools, constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `cannot write to ${tools} (${error.code}); run as the user who owns this clone, or clone into a folder of your own`,
      2,
    );
  }
}
