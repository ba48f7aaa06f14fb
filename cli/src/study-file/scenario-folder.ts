import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { deviceSchema, scenarioSchema, slugSchema, type Scenario, type ScenarioEntry } from "@redline/shared";

const MOST_BYTES = 65_536;

/** A file of the folder itself, or of a folder in it. */
const insideSchema = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, { error: "a file of this folder" });

const { v, name, summary, shape, notice, obstacles, alternative, milestones, floor, ceiling } =
  scenarioSchema.shape;
/** `scenario.yaml`: a scenario whose texts lie in files beside it. */
const folderSchema = z.strictObject({
  ...{ v, name, summary, shape, notice, obstacles, alternative, milestones, floor, ceiling },
  /** Texts that an agent may be asked with, by name; the first is the usual one. */
  tasks: z
    .record(slugSchema, z.strictObject({ file: insideSchema, instructed: z.boolean() }))
    .refine((tasks) => Object.keys(tasks).length > 0, { error: "at least one task" }),
  files: z
    .array(
      z.strictObject({
        device: deviceSchema.optional(),
        path: z.string(),
        from: insideSchema,
        executable: z.boolean().optional(),
      }),
    )
    .default([]),
});

export type ReadScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a scenario's folder as a study's entry wants it. Problems name the file that they are in. */
export async function readScenario(dir: string, entry: ScenarioEntry): Promise<ReadScenario> {
  const change = typeof entry === "string" ? null : entry;
  try {
    const file = folderSchema.safeParse(parse(await textOf(dir, "scenario.yaml")));
    if (!file.success) return bad(file.error);
    const { tasks, files, ...rest } = file.data;
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
      files: await Promise.all(
        files.map(async ({ from, ...f }) => ({ ...f, text: await textOf(dir, from) })),
      ),
      ...(rest.notice === undefined ? {} : { notice: { ...rest.notice, ...change?.notice } }),
      ...(change?.obstacles === undefined ? {} : { obstacles: change.obstacles }),
    });
    return whole.success ? { ok: true, scenario: whole.data } : bad(whole.error);
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

async function textOf(dir: string, file: string): Promise<string> {
  const path = join(dir, file);
  const facts = await lstat(path).catch(() => null);
  if (facts?.isFile() !== true) throw new Error(`there is no file ${path}`);
  if (facts.size > MOST_BYTES) throw new Error(`${path} is longer than ${MOST_BYTES} bytes`);
  return readFile(path, "utf8");
}

const bad = (error: z.ZodError): ReadScenario => ({
  ok: false,
  problems: error.issues.map((issue) =>
    ["scenario.yaml:", issue.path.map(String).join("."), issue.message]
      .filter((part) => part !== "")
      .join(" "),
  ),
});
