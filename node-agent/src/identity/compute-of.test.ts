import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ProcessKey } from "@redline/shared";
import { afterEach, describe, expect, it } from "vitest";
import { cgroupIn } from "../gpu/own-process.ts";
import { parseStat } from "../observe/proc-stat.ts";
import { computeOf } from "./compute-of.ts";
import { cpuMsOf, residentBytesOf } from "./process-use.ts";

const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
let child: ChildProcess | undefined;
afterEach(async () => {
  if (child?.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
  child = undefined;
});

/** A process that works for 200 ms of its own CPU time, holds 64 MiB, says so, and waits. */
async function worker(): Promise<ProcessKey> {
  const work = `const held = Buffer.alloc(67108864, 1); while (process.cpuUsage().user < 200000); console.log(held.length); setInterval(() => 0, 1e6);`;
  child = spawn(process.execPath, ["-e", work], { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null || child.pid === undefined) throw new Error("no child");
  await once(child.stdout, "data");
  const { pid } = child;
  return { bootId, pid, startTick: parseStat(readFileSync(`/proc/${pid}/stat`))?.startTick ?? 0 };
}

describe("computeOf", () => {
  it("sums CPU time and resident memory of the processes that are still there", async () => {
    const key = await worker();
    const one = await computeOf([key], null);
    expect(one).toMatchObject({ processes: 1, gpuMiB: null });
    expect(one.cpuMs).toBeGreaterThanOrEqual(200);
    expect(one.cpuMs % 10).toBe(0);
    expect(one.residentBytes).toBeGreaterThan(67_108_864);
    expect(one.residentBytes).toBeLessThan(1e9);
    const ours = {
      bootId,
      pid: process.pid,
      startTick: parseStat(readFileSync("/proc/self/stat"))?.startTick ?? 0,
    };
    const two = await computeOf([key, ours], []);
    expect(two).toMatchObject({ processes: 2, gpuMiB: 0 });
    expect(two.residentBytes).toBeGreaterThan(one.residentBytes);
  });

  it("leaves out what is another process by now, of another boot, or gone", async () => {
    const key = await worker();
    const others = [
      { ...key, startTick: key.startTick - 1 },
      { ...key, bootId: "another" },
      { ...key, pid: 4_190_000 },
    ];
    expect(await computeOf(others, null)).toEqual({ processes: 0, cpuMs: 0, residentBytes: 0, gpuMiB: null });
  });

  it("has the GPU memory of exactly these processes", async () => {
    const key = await worker();
    const app = {
      gpuUuid: "GPU-1",
      hostPid: key.pid,
      name: "",
      usedMiB: 700,
      process: { pid: key.pid, startTick: key.startTick, cgroup: "/" },
      ownCgroup: false,
    };
    expect(await computeOf([key], [app, { ...app, usedMiB: 50 }])).toMatchObject({ gpuMiB: 750 });
    const other = { ...app, process: { ...app.process, startTick: 1 } };
    expect(await computeOf([key], [other])).toMatchObject({ gpuMiB: 0 });
  });
});

describe("fields of /proc", () => {
  it("counts those of stat after the last bracket of the name", () => {
    const line = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 123 45 0 0 20 0 1 0 9999 1 1 1 1 1";
    expect(cpuMsOf(Buffer.from(line))).toBe(1680);
    expect(cpuMsOf(Buffer.from("no stat line"))).toBeNull();
  });

  it("reads the resident size, 0 where there is none", () => {
    expect(residentBytesOf("Name:\tnode\nVmHWM:\t  900 kB\nVmRSS:\t  123 kB\n")).toBe(125_952);
    expect(residentBytesOf("Name:\tnode\nState:\tZ (zombie)\n")).toBe(0);
  });

  it("counts the GPU memory of its cgroup only where that is asked for, and is not the daemon's own", async () => {
    const key = await worker();
    const cgroup = cgroupIn(readFileSync(`/proc/${key.pid}/cgroup`, "utf8"));
    const helper = { gpuUuid: "GPU-1", hostPid: 7, name: "", usedMiB: 900 };
    const process = { pid: 4_190_001, startTick: 1, cgroup };
    const apps = [{ ...helper, process, ownCgroup: true }];
    expect((await computeOf([key], apps)).gpuMiB).toBe(0);
    expect((await computeOf([key], apps, true)).gpuMiB).toBe(900);
    expect((await computeOf([key], [{ ...helper, process, ownCgroup: false }], true)).gpuMiB).toBe(0);
  });
});
