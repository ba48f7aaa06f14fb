import {
  slugSchema,
  studyIdSchema,
  studySchema,
  terminalLine,
  type Study,
  type StudyId,
} from "@redline/shared";
import type { ForeignLog } from "./foreign-log.ts";
import type { SourceFile } from "./source-file.ts";

/** The journal's words for what is imported: a study with one arm a run. */
export interface ImportPlan {
  readonly study: StudyId;
  readonly definition: Study;
  /** In place of a study file's name: stands on every page of a trial. */
  readonly file: string;
  /** From which file, with its whole digest. */
  readonly imported: string;
  /** The same in short, for each reason that something is not tested. */
  readonly short: string;
}

/** Runs of one file; more would be no log of trials that people read. */
export const MAX_RUNS = 10_000;

/** The same file gives the same plan, so that it cannot pass for two runs. */
export function importPlan({ name }: SourceFile, sha256: string, log: ForeignLog): ImportPlan {
  const stem = slugOf(name.replace(/\.[A-Za-z0-9]{1,8}$/, ""), 26, "log");
  const digest = sha256.slice(0, 8);
  const brain = slugOf(log.model ?? "", 40, "unknown-model");
  const taken = new Set<string>();
  const scenarios = log.names.map((run, i) => scenarioName(log, run, i, taken));
  const imported = `imported, ${log.format}, sha256 ${sha256}`;
  return {
    study: studyIdSchema.parse(`import-${stem}-${digest}`),
    file: `${name}: ${imported}`,
    imported,
    short: `imported, sha256 ${sha256.slice(0, 12)}`,
    definition: studySchema.parse({
      study: `import-${stem}`,
      question: terminalLine(`Imported from ${name} (${imported}). It did not run here.`, 1000),
      specimens: { unknown: { path: name } },
      brains: { [brain]: { provider: "recorded", transcript: name } },
      scenarios,
      arms: scenarios.map((scenario) => ({ specimen: "unknown", brain, scenario })),
    }),
  };
}

/** A run's own name where it makes one, numbered where two would be the same. */
function scenarioName(
  { format, names }: ForeignLog,
  name: string,
  index: number,
  taken: Set<string>,
): string {
  const wanted = names.length === 1 && name === "run" ? format : slugOf(name, 30, format);
  const free = taken.has(wanted) ? `${wanted}-${index + 1}`.slice(-40).replace(/^-+/, "") : wanted;
  const unique = taken.has(free) ? `run-${index + 1}-of-${names.length}` : free;
  taken.add(unique);
  return slugSchema.parse(unique);
}

function slugOf(text: string, max: number, otherwise: string): string {
  const slug = text
    .slice(0, 400)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, max)
    .replace(/-+$/, "");
  return slug === "" ? otherwise : slug;
}
