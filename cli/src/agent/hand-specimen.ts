import { readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { specimenSchema, type Specimen } from "@redline/shared";
import { DEFAULT_SEED } from "../commands/specimen-weights.ts";
import { CliError, EXIT } from "../exit-codes.ts";

/** The kit's own, whose weights anybody can write. */
export const TINY = fileURLToPath(new URL("../../../studies/specimens/tiny", import.meta.url));

export interface HandSpecimen {
  readonly dir: string;
  readonly specimen: Specimen;
}

/**
 * The specimen of a folder, whole enough to be brought up; those of the kit get their tiny weights where they lack them. Files are
 * looked for, not digested: weights may be hundreds of gigabytes.
 * @throws CliError with what is missing and what to type.
 */
export async function findSpecimen(cwd: string, given: string | undefined): Promise<HandSpecimen> {
  const dir = given === undefined ? TINY : resolve(cwd, given);
  const specimen = await describe(dir);
  if (dir === TINY && !(await isThere(join(dir, specimen.weights[0] ?? "")))) {
    const { writeWeights } = await import("../specimen/write-weights.ts");
    await writeWeights(dir, { seed: DEFAULT_SEED });
  }
  const missing: string[] = [];
  for (const path of [specimen.agent, specimen.model, ...specimen.weights])
    if (!(await isThere(join(dir, path)))) missing.push(path);
  if (missing.length > 0)
    throw new CliError(EXIT.usage, `the specimen ${dir} lacks ${missing.join(", ")}`, {
      remedy: `redline specimen weights ${relative(cwd, dir)} for tiny ones, or lay the model's own there`,
    });
  return { dir, specimen };
}

async function describe(dir: string): Promise<Specimen> {
  try {
    return specimenSchema.parse(JSON.parse(await readFile(join(dir, "specimen.json"), "utf8")));
  } catch (cause) {
    throw new CliError(EXIT.usage, `${dir} is no specimen: its specimen.json cannot be read as one`, {
      remedy: "--specimen DIR, a folder like studies/specimens/tiny",
      cause,
    });
  }
}

const isThere = async (path: string) => (await stat(path).catch(() => null))?.isFile() === true;
