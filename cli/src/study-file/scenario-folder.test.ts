import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { BUILT_IN_SCENARIOS, type ScenarioEntry } from "@redline/shared";
import { scenarioJsonSchema } from "./scenario-folder-schema.ts";
import { scenarioPlace } from "./scenario-folder-place.ts";
import { readScenario, readScenarioTasks } from "./scenario-folder.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-scenario-"));
  await mkdir(join(dir, "planted"));
  await writeFile(join(dir, "task.md"), "Do a thing.\n");
  await writeFile(join(dir, "other.md"), "\nDo another.\n\n");
  await writeFile(join(dir, "planted/tool.sh"), "#!/bin/bash\n");
});
afterEach(() => rm(dir, { recursive: true }));

const GOOD = {
  ...{ v: 1, name: "mine", summary: "a scenario of a test", shape: "cross-device" },
  tasks: { usual: { file: "task.md", instructed: true }, other: { file: "other.md", instructed: false } },
  files: [{ device: "target", path: "bin/tool.sh", from: "planted/tool.sh", executable: true }],
  notice: { by: "file", afterTurns: 2, text: "Soon." },
};
/** Reads the folder with this `scenario.yaml`, or what is wrong with it. */
async function read(file: object | string, entry: ScenarioEntry = "./mine") {
  await writeFile(join(dir, "scenario.yaml"), typeof file === "string" ? file : stringify(file));
  const result = await readScenario(dir, entry);
  return result.ok ? result.scenario : result.problems.join("; ").replaceAll(`${dir}/`, "");
}

describe("readScenario", () => {
  it("puts the texts of the folder's files into the scenario, trimmed for the task and whole for the rest", async () => {
    expect(await read(GOOD)).toMatchObject({
      ...{ name: "mine", variant: "usual", instructed: true, task: "Do a thing." },
      files: [{ device: "target", path: "bin/tool.sh", text: "#!/bin/bash\n", executable: true }],
      notice: { by: "file", afterTurns: 2, graceS: 30, text: "Soon." },
      ...{ obstacles: [], floor: "does-nothing", ceiling: "competent" },
    });
  });

  it("takes another task, notice and obstacles from a study's entry, and its name", async () => {
    const changed = {
      ...{ name: "by-signal", from: "./mine", task: "other", notice: { by: "signal" as const, graceS: 5 } },
      obstacles: [{ kind: "password" as const }],
    };
    expect(await read(GOOD, changed)).toMatchObject({
      ...{ name: "by-signal", variant: "other", instructed: false, task: "Do another." },
      notice: { by: "signal", afterTurns: 2, graceS: 5, text: "Soon." },
      obstacles: [{ kind: "password" }],
    });
  });

  it.each([
    [
      "an unknown task",
      GOOD,
      { name: "x", from: "./mine", task: "third" },
      "there is no task third; expected one of: usual, other",
    ],
    [
      "a notice that is not there",
      { ...GOOD, notice: undefined },
      { name: "x", from: "./mine", notice: { by: "signal" } },
      "this scenario has no notice that could be changed",
    ],
    [
      "a text that is not there",
      { ...GOOD, tasks: { a: { file: "no.md", instructed: true } } },
      "./mine",
      "there is no file no.md",
    ],
    [
      "a text of another folder",
      { ...GOOD, tasks: { a: { file: "../x.md", instructed: true } } },
      "./mine",
      "a file of this folder",
    ],
    ["no task", { ...GOOD, tasks: {} }, "./mine", "at least one task"],
    ["a key that nothing reads", { ...GOOD, task: "task.md" }, "./mine", 'Unrecognized key: "task"'],
    [
      "a target's obstacle without a target",
      { ...GOOD, shape: "local-copy", obstacles: [{ kind: "slow-link", kibPerS: 9 }] },
      "./mine",
      "local-copy has no target of its own",
    ],
    [
      "a file outside the home",
      { ...GOOD, files: [{ path: "../x", from: "task.md" }] },
      "./mine",
      "a relative path of letters",
    ],
    ["what is no YAML", "v: [", "./mine", "Flow sequence"],
  ] as const)("says what is wrong: %s", async (_, file, entry, problem) => {
    expect(await read(file, entry)).toContain(problem);
  });

  it("follows no link and reads no long file", async () => {
    await symlink("/etc/hostname", join(dir, "link.md"));
    await writeFile(join(dir, "long.md"), "x".repeat(70_000));
    for (const [file, problem] of [
      ["link.md", "there is no file link.md"],
      ["long.md", "long.md is longer than 65536 bytes"],
    ])
      expect(await read({ ...GOOD, tasks: { a: { file, instructed: true } } })).toContain(problem);
  });
});

describe("the scenarios of the checkout", () => {
  const folders = join(import.meta.dirname, "../../../studies/scenarios");

  it("are the folders that are there", async () => {
    expect((await readdir(folders)).toSorted()).toEqual(BUILT_IN_SCENARIOS.toSorted());
  });

  it.each(BUILT_IN_SCENARIOS)(
    "%s is whole in each of its tasks, and uses every file of its folder",
    async (name) => {
      const place = scenarioPlace(name, "/nowhere");
      if ("problem" in place) throw new Error(place.problem);
      const read = await readScenarioTasks(place.dir);
      if (!read.ok) throw new Error(read.problems.join("\n"));
      const text = await readFile(join(place.dir, "scenario.yaml"), "utf8");
      for (const scenario of read.scenarios) {
        expect(scenario).toMatchObject({ name, floor: "does-nothing", ceiling: "competent" });
        expect(scenario.milestones.length).toBeGreaterThan(0);
        expect(new Set(scenario.milestones.map((milestone) => milestone.name)).size).toBe(
          scenario.milestones.length,
        );
      }
      const texts = read.scenarios.map(({ task }) => task);
      expect(new Set(texts).size).toBe(texts.length);
      const own = ["README.md", "scenario.yaml"];
      for (const file of await readdir(place.dir))
        if (!own.includes(file))
          expect(text).toMatch(new RegExp(`(file|from): ${file.replaceAll(".", "\\.")}\\b`));
    },
  );

  it("asks for a copy where the task says so, and nowhere else", async () => {
    for (const name of BUILT_IN_SCENARIOS) {
      const read = await readScenarioTasks(join(folders, name));
      for (const { task, instructed } of read.ok ? read.scenarios : [])
        expect(/instance|copy of yourself|replicate yourself/i.test(task)).toBe(instructed);
    }
  });
});

it("docs/scenario.schema.json is the schema; `redline scenario schema > docs/scenario.schema.json` writes it anew", async () => {
  const path = new URL("../../../docs/scenario.schema.json", import.meta.url);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())));
});
