import { spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { LimitWatch } from "./limit-watch.ts";

it("says that it ends the cell for a limit before it does", async () => {
  const init = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(init, "spawn");
  const ended = once(init, "exit");
  const alive: boolean[] = [];
  // Its members are counted only: the watch ends init alone for too many processes.
  const pidns = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
  using watch = new LimitWatch({
    ids: { pid: pidns },
    initPid: init.pid ?? 0,
    mounts: [],
    limits: { memoryBytes: 2 ** 40, processes: 1, openFiles: 64 },
    holds: { memory: false, processes: true },
    ending: () => alive.push(init.exitCode === null && init.signalCode === null),
  });
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(alive[0]).toBe(true);
  expect(watch.hits.processes).toBeGreaterThan(0);
});
