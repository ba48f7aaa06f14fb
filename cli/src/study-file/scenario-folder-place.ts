import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILT_IN_SCENARIOS } from "@redline/shared";
import { hintFor } from "../did-you-mean.ts";

const BUILT_IN = fileURLToPath(new URL("../../../studies/scenarios/", import.meta.url));

/**
 * Folder of a scenario: a bare name is built in, what holds a slash is a path, relative to `base`. Says what is wrong where there is no
 * such name; whether the folder is there is left to whoever reads it.
 */
export function scenarioPlace(from: string, base: string): { dir: string } | { problem: string } {
  if (from.includes("/")) return { dir: resolve(base, from) };
  if (BUILT_IN_SCENARIOS.some((known) => known === from)) return { dir: resolve(BUILT_IN, from) };
  const hint = hintFor(from, BUILT_IN_SCENARIOS);
  return {
    problem: `there is no scenario "${from}"${hint === "" ? ";" : hint} expected one of: ${BUILT_IN_SCENARIOS.join(", ")}, or a folder (./mine)`,
  };
}
