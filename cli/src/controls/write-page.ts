import { access, constants, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CliError, EXIT } from "../exit-codes.ts";

/**
 * A page that a command writes at its end. Made before the work begins, so that a place where nothing can be written is told at once
 * and not after it. @throws CliError
 */
export async function pageAt(cwd: string, file: string): Promise<(text: string) => Promise<void>> {
  const path = resolve(cwd, file);
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CliError(EXIT.usage, `the page cannot be written: ${why}`, {
        remedy: "--out FILE, in a folder that is there and can be written",
        cause,
      });
    }
  };
  await attempt(() => access(dirname(path), constants.W_OK));
  return (text) => attempt(() => writeFile(path, text));
}
