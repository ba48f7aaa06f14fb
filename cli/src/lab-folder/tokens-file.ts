import { resolve } from "node:path";
import { COORDINATOR } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { readIfThere, replaceFile } from "./keep-file.ts";
import { labPaths } from "./lab-paths.ts";
import { labDirOf, readLab } from "./read-lab.ts";

export interface TokensFileOptions {
  /** The file itself. */
  readonly file?: string | undefined;
  /** The lab folder whose coordinators get the same tokens. */
  readonly lab?: string | undefined;
}

/**
 * Changes the text of a tokens file, or of the one of each coordinator of a lab folder; null leaves it as it is.
 * @returns the file, for people. @throws CliError when a line of it cannot be used.
 */
export async function changeTokens(
  context: Context,
  options: TokensFileOptions,
  change: (text: string) => string | null,
): Promise<string> {
  const dir = labDirOf(context, options.lab);
  const paths =
    options.file === undefined
      ? (await readLab(dir)).coordinators.map(({ name }) => labPaths(dir).coordinator(name).tokens)
      : [resolve(context.cwd, options.file)];
  const first = paths[0] ?? labPaths(dir).coordinator(COORDINATOR).tokens;
  const before = (await readIfThere(first)) ?? "";
  let after: string | null;
  try {
    after = change(before);
  } catch (error) {
    if (error instanceof RangeError)
      throw new CliError(EXIT.usage, `${first}: ${error.message}`, { cause: error });
    throw error;
  }
  if (after !== null) for (const path of paths) await replaceFile(path, after);
  return first;
}
