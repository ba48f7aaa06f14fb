import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { startOf } from "../census/read-members.ts";
import { stillServes } from "./still-serves.ts";

async function becomes(pid: number, state: string): Promise<void> {
  while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(`) ${state} `)) await delay(5);
}

it("knows a server that runs from one that is stopped, has ended, or is another process of the same number", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const startTick = startOf(pid)?.startTick ?? 0;
  const own = [{ bootId: "b", pid, startTick }];
  expect(stillServes(own)).toBe(true);
  expect(stillServes([{ bootId: "b", pid, startTick: startTick + 1 }])).toBe(false);
  child.kill("SIGSTOP");
  await becomes(pid, "T");
  expect(stillServes(own)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(stillServes(own)).toBe(false);
});
