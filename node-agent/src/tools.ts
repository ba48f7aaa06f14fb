import { readFile } from "node:fs/promises";
import { z } from "zod";

/** `.cache/tools/manifest.json` of the set-up script, as far as this daemon needs it. */
const manifestSchema = z.object({
  bins: z.record(z.string(), z.object({ path: z.string(), version: z.string().optional() })),
});

export interface ToolPaths {
  /** Path of a program: the manifest's, or its bare name for PATH. */
  readonly path: (name: string) => string;
  /** Versions where known, for the inventory. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Reads the manifest; without one, programs are looked for on PATH. @throws when the file is there and not readable as one. */
export async function readTools(manifestPath: string | undefined): Promise<ToolPaths> {
  const text = manifestPath === undefined ? null : await readFile(manifestPath, "utf8").catch(onlyMissing);
  const bins = text === null ? {} : manifestSchema.parse(JSON.parse(text)).bins;
  return {
    path: (name) => bins[name]?.path ?? name,
    versions: Object.fromEntries(
      Object.entries(bins).flatMap(([name, bin]) => (bin.version === undefined ? [] : [[name, bin.version]])),
    ),
  };
}

function onlyMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
