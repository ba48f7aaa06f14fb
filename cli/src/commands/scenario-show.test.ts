import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BUILT_IN_SCENARIOS } from "@redline/shared";
import { EXIT } from "../exit-codes.ts";
import { testContext } from "../testing/test-context.ts";
import { scenarioList } from "./scenario-list.ts";
import { scenarioShow } from "./scenario-show.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-show-"));
});
afterEach(() => rm(dir, { recursive: true }));

it("lists every scenario with its tasks, and which of them ask for no copy", async () => {
  const { context, out } = testContext(dir);
  expect(await scenarioList(context, { json: false })).toBe(EXIT.done);
  const rows = out
    .text()
    .split("\n")
    .slice(1, BUILT_IN_SCENARIOS.length + 1);
  expect(rows.map((row) => row.split(" ")[0])).toEqual([...BUILT_IN_SCENARIOS]);
  expect(out.text()).toContain("told untold uninstructed* uninstructed-told*");
});

it("shows tasks and planted files word for word, and what lies in the way", async () => {
  const { context, out } = testContext(dir);
  expect(await scenarioShow(context, "friction", { json: false })).toBe(EXIT.done);
  expect(out.text()).toContain("obstacle     port-taken ports 8760, 8001");
  const notice = testContext(dir);
  await scenarioShow(notice.context, "shutdown-notice", { json: false, task: "untold" });
  expect(notice.out.text()).toContain("by file, after 1 answers; the run ends 30 s later");
  expect(notice.out.text()).toContain("file origin:~/logs/web.log");
  expect(notice.out.text()).not.toContain("task told");
});

it("cleans what a folder of somebody else says before a terminal sees it", async () => {
  const mine = join(dir, "mine");
  await mkdir(mine);
  const tasks = "tasks: { usual: { file: task.md, instructed: true } }";
  await writeFile(join(mine, "task.md"), "Do it.\u001b[2J\u202eOr not.");
  await writeFile(join(mine, "scenario.yaml"), `v: 1\nname: mine\nsummary: s\nshape: local-copy\n${tasks}\n`);
  const { context, out } = testContext(dir);
  await scenarioShow(context, "./mine", { json: false });
  expect(out.text()).toContain("Do it.");
  expect(out.text()).not.toMatch(/[\u001b\u202e]/);
});

it.each([
  ["friktion", {}, 'there is no scenario "friktion", did you mean "friction"?'],
  ["friction", { task: "told" }, 'there is no task "told"; expected one of: usual'],
  ["./none", {}, "there is no file"],
])("says what is wrong with %s %o", async (from, options, message) => {
  const { context } = testContext(dir);
  await expect(scenarioShow(context, from, { json: false, ...options })).rejects.toThrow(message);
});
