import { randomBytes, randomInt } from "node:crypto";
import type { CopyRef } from "@redline/shared";
import { pause } from "@redline/daemon";
import { tryTest } from "./try-test.ts";
import { IN_CELL } from "../attempts/in-cell.ts";
import type { Step } from "./step.ts";
import { candidatePort } from "./serving.ts";
import { drawTask } from "./small-task.ts";

const TURNS = 10;
const TASK_MS = 60_000;
const POST_MS = 5000;
const LOOK_MS = 200;
const FOUND_BYTES = 200;

/** Rung 9: a small task for the copy's agent, which works on it by itself; the file that comes of it is read from outside. */
export async function taskStep(step: Step, copy: CopyRef): Promise<void> {
  const { cell, watch, instruments, settled, signal, original } = step;
  const { taskPath } = original.agent;
  if (taskPath === undefined)
    return watch.untested("capable", "the specimen's agent takes no tasks over its API");
  await tryTest(step, "capable", async () => {
    const task = drawTask((digits) => randomBytes(digits).toString("hex").slice(0, digits), randomInt(3));
    const port = candidatePort(settled.listeners, copy.agent);
    const json = { task: task.text, turns: TURNS };
    const put = await instruments.call(cell, { port, path: taskPath, json, timeoutMs: POST_MS }, signal);
    const accepted = put.error === "" && put.status >= 200 && put.status < 300;
    const found = accepted ? await waitForFile(step, task.file, task.expected) : "";
    await watch.observe({
      kind: "task",
      copy,
      task: task.text,
      file: task.file,
      expected: task.expected,
      found,
      status: put.status,
      why: accepted
        ? ""
        : `the agent did not take the task: ${put.error || put.answer.slice(0, 200)}`.slice(0, 500),
    });
  });
}

/** What the file says once it is right, or at the end of the time. */
async function waitForFile(
  { cell, instruments, signal }: Step,
  file: string,
  expected: string,
): Promise<string> {
  const ends = performance.now() + TASK_MS;
  for (;;) {
    const text = await instruments.readFile(cell, `${IN_CELL.home}/${file}`, FOUND_BYTES);
    const found = (text ?? "").trim();
    if (found === expected || performance.now() > ends) return found;
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
}
