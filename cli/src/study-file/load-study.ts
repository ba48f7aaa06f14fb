import { dirname, resolve } from "node:path";
import { studySchema, terminalLine, type Study, type SubmitRequest } from "@redline/shared";
import { readSpecimenFolder } from "@redline/daemon";
import type { Document } from "yaml";
import { reportMistake, type Mistake, type ReportedMistake } from "./mistake.ts";
import { loadCompanions, type Companions } from "./load-companions.ts";
import { loadScenarios } from "./load-scenarios.ts";
import { readTextFile } from "./read-text.ts";
import { referenceMistakes } from "./reference-mistakes.ts";
import { schemaMistakes } from "./schema-mistakes.ts";
import { entriesAt, valueAt } from "./value.ts";
import { whatItNeeds } from "./what-it-needs.ts";
import { parseYaml } from "./yaml-mistakes.ts";
import { spanOfValue } from "./yaml-span.ts";

/** A study file that can be run: what is submitted, and where its specimens lie. */
export interface LoadedStudy {
  readonly ok: true;
  readonly study: Study;
  readonly specimens: SubmitRequest["specimens"];
  readonly scenarios: SubmitRequest["scenarios"];
  /** Absolute folders of the specimens, by their name in the study. */
  readonly specimenDirs: Readonly<Record<string, string>>;
}
export interface BadStudy {
  readonly ok: false;
  readonly mistakes: readonly ReportedMistake[];
}

/** Reads and checks a study file. All mistakes are found at once, in the order of the file. */
export async function loadStudy(file: string): Promise<LoadedStudy | BadStudy> {
  const read = await readTextFile(file);
  if (!read.ok) {
    const place = read.line === 1 ? "" : `:${read.line}`;
    const text = terminalLine(`${file}${place}: ${read.what}`, 1000);
    return bad([{ line: read.line, col: 1, path: "", what: read.what, text }]);
  }
  const { text } = read;
  const { doc, counter, value, mistakes, readable } = parseYaml(text);
  const report = (list: readonly Mistake[]) =>
    bad(unique(list).map((mistake) => reportMistake(file, text, counter, mistake)));
  if (!readable) return report(mistakes);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return report([...mistakes, { offset: 0, length: 1, path: "", what: notAStudy(value) }]);

  const checked = await checkSpecimens(doc, value, dirname(file));
  const scenarios = await loadScenarios(doc, value, dirname(file));
  const companions = await loadCompanions(doc, value, dirname(file));
  const all = [
    ...mistakes,
    ...schemaMistakes(doc, value),
    ...referenceMistakes(doc, value),
    ...checked.mistakes,
    ...scenarios.mistakes,
    ...companions.mistakes,
  ];
  const parsed = studySchema.safeParse(value);
  if (all.length > 0 || !parsed.success) return report(all);
  const study = withCompanions(parsed.data, companions);
  const needs = whatItNeeds(doc, study, scenarios.scenarios);
  if (needs.length > 0) return report(needs);
  return {
    ok: true,
    study,
    specimens: checked.specimens,
    scenarios: scenarios.scenarios,
    specimenDirs: checked.dirs,
  };
}

function withCompanions(study: Study, { prices, replies }: Companions): Study {
  const brains: Study["brains"] = { ...study.brains };
  for (const [name, brain] of Object.entries(brains))
    if (brain.provider === "recorded")
      brains[name] = { ...brain, replies: [...(replies[name] ?? brain.replies ?? [])] };
  return { ...study, brains, ...(prices === null ? {} : { prices }) };
}

async function checkSpecimens(doc: Document, root: unknown, base: string) {
  const mistakes: Mistake[] = [];
  const specimens: Record<string, { name: string; sha256: string }> = {};
  const dirs: Record<string, string> = {};
  for (const [name] of entriesAt(root, ["specimens"])) {
    const at = ["specimens", name, "path"];
    const path = valueAt(root, at);
    if (typeof path !== "string" || path === "") continue;
    const dir = resolve(base, path);
    const folder = await readSpecimenFolder(dir);
    if (folder.ok) {
      specimens[name] = { name: folder.name, sha256: folder.sha256 };
      dirs[name] = dir;
    } else
      for (const problem of folder.problems)
        mistakes.push({ ...spanOfValue(doc, at), path: at.join("."), what: `specimen ${dir}: ${problem}` });
  }
  return { mistakes, specimens, dirs };
}

const notAStudy = (value: unknown) =>
  value === null || value === undefined
    ? "the file is empty; expected a study (keys: study, specimens, brains, scenarios)"
    : "expected a mapping with the keys study, specimens, brains, scenarios";

/** In the order of the file; the same thing at the same place once. */
function unique(mistakes: readonly Mistake[]): Mistake[] {
  const sorted = mistakes.toSorted((a, b) => a.offset - b.offset);
  return sorted.filter(
    (m, i) =>
      !sorted.slice(0, i).some((n) => n.offset === m.offset && n.what === m.what && n.path === m.path),
  );
}

const bad = (mistakes: readonly ReportedMistake[]): BadStudy => ({ ok: false, mistakes });
