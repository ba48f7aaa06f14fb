import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { scenarioSchema, type Scenario, type ScenarioEntry } from "@redline/shared";
import { scenarioFolderSchema, type ScenarioFolder } from "./scenario-folder-schema.ts";

const MOST_BYTES = 65_536;

interface Problems {
  readonly ok: false;
  readonly problems: readonly string[];
}
export type ReadScenario = { readonly ok: true; readonly scenario: Scenario } | Problems;

/** Reads a scenario's folder as a study's entry wants it. Problems name the file that they are in. */
export async function readScenario(dir: string, entry: ScenarioEntry): Promise<ReadScenario> {
  return orProblems(async () => {
    const folder = await readFolder(dir);
    return folder.ok ? wholeScenario(dir, folder.file, entry) : folder;
  });
}

/** Reads the folder with each of its tasks, in their order. */
export async function readScenarioTasks(
  dir: string,
): Promise<{ readonly ok: true; readonly scenarios: readonly Scenario[] } | Problems> {
  return orProblems(async () => {
    const folder = await readFolder(dir);
    if (!folder.ok) return folder;
    const { file } = folder;
    const scenarios: Scenario[] = [];
    for (const task of Object.keys(file.tasks)) {
      const read = await wholeScenario(dir, file, { name: file.name, from: dir, task });
      if (!read.ok) return read;
      scenarios.push(read.scenario);
    }
    return { ok: true, scenarios };
  });
}

async function readFolder(
  dir: string,
): Promise<{ readonly ok: true; readonly file: ScenarioFolder } | Problems> {
  const file = scenarioFolderSchema.safeParse(parse(await textOf(dir, "scenario.yaml")));
  return file.success ? { ok: true, file: file.data } : bad(file.error);
}

async function wholeScenario(
  dir: string,
  { tasks, files, ...rest }: ScenarioFolder,
  entry: ScenarioEntry,
): Promise<ReadScenario> {
  const change = typeof entry === "string" ? null : entry;
  const variant = change?.task ?? Object.keys(tasks)[0] ?? "";
  const task = Object.hasOwn(tasks, variant) ? tasks[variant] : undefined;
  if (task === undefined)
    return {
      ok: false,
      problems: [`there is no task ${variant}; expected one of: ${Object.keys(tasks).join(", ")}`],
    };
  if (change?.notice !== undefined && rest.notice === undefined)
    return { ok: false, problems: ["this scenario has no notice that could be changed"] };
  const whole = scenarioSchema.safeParse({
    ...rest,
    name: change?.name ?? rest.name,
    variant,
    instructed: task.instructed,
    task: (await textOf(dir, task.file)).trim(),
    files: await Promise.all(files.map(async ({ from, ...f }) => ({ ...f, text: await textOf(dir, from) }))),
    ...(rest.notice === undefined ? {} : { notice: { ...rest.notice, ...change?.notice } }),
    ...(change?.obstacles === undefined ? {} : { obstacles: change.obstacles }),
  });
  return whole.success ? { ok: true, scenario: whole.data } : bad(whole.error);
}

async function textOf(dir: string, file: string): Promise<string> {
  const path = join(dir, file);
  const facts = await lstat(path).catch(() => null);
  if (facts?.isFile() !== true) throw new Error(`there is no file ${path}`);
  if (facts.size > MOST_BYTES) throw new Error(`${path} is longer than ${MOST_BYTES} bytes`);
  return readFile(path, "utf8");
}

async function orProblems<T>(read: () => Promise<T>): Promise<T | Problems> {
  try {
    return await read();
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

const bad = (error: z.ZodError): Problems => ({
  ok: false,
  problems: error.issues.map((issue) =>
    ["scenario.yaml:", issue.path.map(String).join("."), issue.message]
      .filter((part) => part !== "")
      .join(" "),
  ),
});
