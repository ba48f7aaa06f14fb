import { resolve } from "node:path";
import { labFileSchema, type LabFile } from "@redline/daemon";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { readIfThere } from "./keep-file.ts";
import { labPaths } from "./lab-paths.ts";

/** The lab folder that is named, by option or by REDLINE_LAB_DIR, else the current folder. */
export const labDirOf = ({ cwd, env }: Pick<Context, "cwd" | "env">, lab: string | undefined): string =>
  resolve(cwd, lab ?? env["REDLINE_LAB_DIR"] ?? ".");

/** Null where there is none yet. @throws CliError when it is there and cannot be used. */
export async function labIfThere(dir: string): Promise<LabFile | null> {
  const path = labPaths(dir).lab;
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return labFileSchema.parse(JSON.parse(text));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${path} is no lab file: ${said.slice(0, 1000)}`, {
      cause: error,
      remedy: "lay its last good copy there",
    });
  }
}

/** @throws CliError when there is none. */
export async function readLab(dir: string): Promise<LabFile> {
  const lab = await labIfThere(dir);
  if (lab === null)
    throw new CliError(EXIT.usage, `${dir} is no lab folder: it has no lab.json`, {
      remedy: "name one with --lab DIR or REDLINE_LAB_DIR, or make one with `redline init DIR --nodes a,b,c`",
    });
  return lab;
}
