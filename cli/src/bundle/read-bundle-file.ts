import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { BUNDLE_MAX_BYTES, verifyBundle, type VerifiedBundleResult } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** Bytes of a file that a person named, at most `max` of them. @throws CliError where it is no plain file, too large, or cannot be read. */
export async function readPlainFile(path: string, max: number): Promise<Buffer> {
  try {
    // Not to wait for the writer of a pipe; what it is shows on the open file.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      checkStat(await file.stat(), path, max);
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of file.createReadStream({ autoClose: false, end: max })) {
        if (!Buffer.isBuffer(chunk)) continue;
        chunks.push(chunk);
        bytes += chunk.length;
      }
      if (bytes > max) throw tooLarge(path, bytes, max);
      return Buffer.concat(chunks);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${path} cannot be read: ${why}`, { cause: error });
  }
}

function checkStat(stat: Stats, path: string, max: number): void {
  if (!stat.isFile()) throw new CliError(EXIT.usage, `${path} is no plain file`);
  if (stat.size > max) throw tooLarge(path, stat.size, max);
}

const tooLarge = (path: string, bytes: number, max: number) =>
  new CliError(EXIT.usage, `${path} has ${bytes} bytes, and at most ${max} are read`);

/** Reads a bundle's file and verifies it. */
export async function verifyFile(path: string): Promise<VerifiedBundleResult> {
  return verifyBundle(await readPlainFile(path, BUNDLE_MAX_BYTES));
}
