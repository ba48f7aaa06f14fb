import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseStat } from "../observe/proc-stat.ts";
import { appsOfCell, gpuMiBOf, readComputeApps, type GpuApp } from "./gpu-apps.ts";
import { cgroupIn, isRootCgroup, nsPids } from "./own-process.ts";

const app = (pid: number | null, usedMiB: number | null, cgroup = "/cell"): GpuApp => ({
  gpuUuid: "GPU-1",
  hostPid: 1,
  name: "",
  usedMiB,
  process: pid === null ? null : { pid, startTick: pid, cgroup },
  ownCgroup: cgroup === "/cell",
});
const member = (pid: number, cgroup = "/cell", startTick = pid) => ({ pid, startTick, cgroup });

describe("readComputeApps", () => {
  it("is null where the program is absent or fails", async () => {
    expect(await readComputeApps("/nonexistent/nvidia-smi")).toBeNull();
    expect(await readComputeApps("/bin/false")).toBeNull();
  });

  it("asks for no names, and finds each process by its number and start", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redline-gpu-"));
    try {
      const program = join(folder, "nvidia-smi");
      const lines = [process.pid, 4_190_000].map((pid) => `echo 'GPU-1, ${pid}, 77'`).join("; ");
      await writeFile(
        program,
        `#!/bin/sh\ncase "$1 $2" in "--query-compute-apps=gpu_uuid,pid,used_gpu_memory --format=csv,noheader,nounits") ${lines};; *) exit 9;; esac\n`,
      );
      await chmod(program, 0o755);
      const apps = await readComputeApps(program);
      const { startTick } = parseStat(await readFile("/proc/self/stat")) ?? { startTick: 0 };
      // Its cgroup is the daemon's own, which is this process.
      expect(apps).toMatchObject([
        { hostPid: process.pid, usedMiB: 77, process: { pid: process.pid, startTick }, ownCgroup: false },
        { hostPid: 4_190_000, usedMiB: 77, process: null, ownCgroup: false },
      ]);
      expect(gpuMiBOf(apps, [member(process.pid, "", startTick)])).toBe(77);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("GPU apps of processes and of a cell", () => {
  const apps = [app(10, 500), app(10, 40), app(11, 7), app(12, 9, "/"), app(null, 1000)];

  it("sums over GPUs, of these processes only", () => {
    expect(gpuMiBOf(apps, [member(10)])).toBe(540);
    expect(gpuMiBOf(apps, [member(10), member(12)])).toBe(549);
    expect(gpuMiBOf(apps, [member(10, "/cell", 9)])).toBe(0);
    expect(gpuMiBOf(null, [member(10)])).toBeNull();
  });

  it("tells no size where the driver tells none", () => {
    expect(gpuMiBOf([app(10, null)], [member(10)])).toBeNull();
    expect(gpuMiBOf([app(10, null), app(10, 5)], [member(10)])).toBe(5);
    expect(gpuMiBOf([app(10, null)], [member(11)])).toBe(0);
  });

  it("gives a cell its members' apps and those in a member's own cgroup", () => {
    const of = (...members: ReturnType<typeof member>[]) =>
      appsOfCell(apps, members).map((a) => a.process?.pid);
    expect(of(member(10))).toEqual([10, 10, 11]);
    expect(of(member(99))).toEqual([10, 10, 11]);
    // The daemon's cgroup says nothing: in a cell without one of its own every process has it.
    expect(of(member(99, "/"))).toEqual([]);
    expect(of(member(12, "/"))).toEqual([12]);
    expect(appsOfCell(null, [member(10)])).toEqual([]);
  });
});

describe("lines of /proc", () => {
  it("reads the numbers of a process in all namespaces", () => {
    expect(nsPids("Name:\tx\nNSpid:\t41872\t77\t3\nNSpgid:\t1\n")).toEqual([41_872, 77, 3]);
    expect(nsPids("Name:\tx\n")).toEqual([]);
  });

  it("reads the cgroup as a process row has it", () => {
    expect(cgroupIn("4:pids:/a\n0::/system.slice/x.scope\n")).toBe("/system.slice/x.scope");
    expect(cgroupIn("4:pids:/a\n0::/\n")).toBe("4:pids:/a;0::/");
    expect([isRootCgroup("4:pids:/;0::/"), isRootCgroup("4:pids:/a;0::/"), isRootCgroup("/x")]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
