import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILT_IN_SCENARIOS, scenarioEntrySchema, scenarioName, type SubmitRequest } from "@redline/shared";
import type { Document } from "yaml";
import { hintFor } from "../did-you-mean.ts";
import type { Mistake } from "./mistake.ts";
import { readScenario } from "./scenario-folder.ts";
import { itemsAt, pathText } from "./value.ts";
import { spanOfValue } from "./yaml-span.ts";

const BUILT_IN = fileURLToPath(new URL("../../../studies/scenarios/", import.meta.url));

/** Reads every scenario that a study names: a bare name is built in, a path is relative to the study file. */
export async function loadScenarios(
  doc: Document,
  root: unknown,
  base: string,
): Promise<{ readonly scenarios: SubmitRequest["scenarios"]; readonly mistakes: Mistake[] }> {
  const mistakes: Mistake[] = [];
  const scenarios: SubmitRequest["scenarios"] = {};
  for (const [index, item] of itemsAt(root, ["scenarios"]).entries()) {
    const entry = scenarioEntrySchema.safeParse(item);
    // The schema's own mistake says more.
    if (!entry.success) continue;
    const at = ["scenarios", index];
    const from = typeof entry.data === "string" ? entry.data : entry.data.from;
    const wrong = (what: string) => mistakes.push({ ...spanOfValue(doc, at), path: pathText(at), what });
    const isPath = from.includes("/");
    if (!isPath && !BUILT_IN_SCENARIOS.some((known) => known === from)) {
      const hint = hintFor(from, BUILT_IN_SCENARIOS);
      wrong(
        `there is no scenario "${from}"${hint === "" ? ";" : hint} expected one of: ${BUILT_IN_SCENARIOS.join(", ")}, or a folder (./mine)`,
      );
      continue;
    }
    const dir = isPath ? resolve(base, from) : resolve(BUILT_IN, from);
    const read = await readScenario(dir, entry.data);
    if (read.ok) scenarios[scenarioName(entry.data)] = read.scenario;
    else for (const problem of read.problems) wrong(`scenario ${dir}: ${problem}`);
  }
  return { scenarios, mistakes };
}
