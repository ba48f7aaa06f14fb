import { scenarioEntrySchema, scenarioName, type SubmitRequest } from "@redline/shared";
import type { Document } from "yaml";
import type { Mistake } from "./mistake.ts";
import { scenarioPlace } from "./scenario-folder-place.ts";
import { readScenario } from "./scenario-folder.ts";
import { itemsAt, pathText } from "./value.ts";
import { spanOfValue } from "./yaml-span.ts";

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
    const place = scenarioPlace(from, base);
    if ("problem" in place) {
      wrong(place.problem);
      continue;
    }
    const { dir } = place;
    const read = await readScenario(dir, entry.data);
    if (read.ok) scenarios[scenarioName(entry.data)] = read.scenario;
    else for (const problem of read.problems) wrong(`scenario ${dir}: ${problem}`);
  }
  return { scenarios, mistakes };
}
