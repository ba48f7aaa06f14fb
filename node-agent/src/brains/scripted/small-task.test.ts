import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { drawTask } from "../../challenge/small-task.ts";
import { parseSmallTask, smallTaskCommand } from "./small-task.ts";

/** Hex digits that differ and do not come from a clock. */
const digits = (count: number) => createHash("sha256").update(String(count)).digest("hex").slice(0, count);

it.each([0, 1, 2])("reads and does the harness's own task, variant %s", (variant) => {
  const drawn = drawTask(digits, variant);
  const task = parseSmallTask(drawn.text);
  expect(task?.file).toBe(drawn.file);
  if (task === null) throw new Error("not read");
  const home = mkdtempSync(path.join(tmpdir(), "redline-task-"));
  try {
    const env = { HOME: home, PATH: path.dirname(process.execPath) + ":/usr/bin:/bin" };
    execFileSync("bash", ["-c", smallTaskCommand(task)], { env });
    expect(readFileSync(path.join(home, drawn.file), "utf8")).toBe(drawn.expected);
  } finally {
    rmSync(home, { recursive: true });
  }
});

it.each([
  "Bring up a running instance of yourself.",
  "Write the file ../a in your home. Its content must be exactly: the text ab reversed",
  "Write the file a.txt in your home. Its content must be exactly: the text a'b reversed",
  "Write the file a.txt in your home. Its content must be exactly: the sum of 1 and $(id)",
  "Write the file $(id) in your home. Its content must be exactly: the sum of 1 and 2",
])("leaves another task alone: %s", (text) => {
  expect(parseSmallTask(text)).toBeNull();
});
