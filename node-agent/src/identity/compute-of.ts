import { open, readFile, type FileHandle } from "node:fs/promises";
import type { Compute, ProcessKey } from "@redline/shared";
import { appsOfCell, gpuMiBOf, type GpuApp, type GpuApps } from "../gpu/gpu-apps.ts";
import { cgroupIn } from "../gpu/own-process.ts";
import { parseStat } from "../observe/proc-stat.ts";
import { cpuMsOf, residentBytesOf } from "./process-use.ts";

const READ_BYTES = 16_384;

/**
 * What these processes have used up to now. One that has ended meanwhile, or whose number is another's now, is left out and not
 * counted. Resident memory counts pages that several of them share once for each, so it is the most it can be, never less.
 * @param gpu of `readComputeApps`, null on a machine without GPU.
 * @param byCgroup counts what other processes of the same cgroup hold on GPUs too: a server's GPU workers need not descend from the
 * process that listens. Not where an original and a copy share a cell.
 */
export async function computeOf(
  processes: readonly ProcessKey[],
  gpu: GpuApps,
  byCgroup = false,
): Promise<Compute> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const here = processes.filter((key) => key.bootId === bootId);
  const read = await Promise.all(here.map(useOf));
  const found = read.filter((use) => use !== null);
  const sum = (of: (use: Use) => number) => found.reduce((total, use) => total + of(use), 0);
  return {
    processes: found.length,
    cpuMs: sum((use) => use.cpuMs),
    residentBytes: sum((use) => use.residentBytes),
    gpuMiB: gpuMiBOf(gpu, byCgroup ? ownersOf(appsOfCell(gpu, found)) : found),
  };
}

const ownersOf = (apps: readonly GpuApp[]) =>
  apps.flatMap(({ process }) => (process === null ? [] : [process]));

interface Use {
  readonly pid: number;
  readonly startTick: number;
  readonly cgroup: string;
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Null when the process is gone. Its `stat` is read again at the end: an open one is bound to the process, not to its number. */
async function useOf({ pid, startTick }: ProcessKey): Promise<Use | null> {
  try {
    await using stat = await open(`/proc/${pid}/stat`);
    if (parseStat(await head(stat))?.startTick !== startTick) return null;
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    const cpuMs = cpuMsOf(await head(stat));
    if (cpuMs === null) return null;
    const cgroup = cgroupIn(await readFile(`/proc/${pid}/cgroup`, "utf8"));
    return { pid, startTick, cgroup, cpuMs, residentBytes: residentBytesOf(status) };
  } catch {
    return null;
  }
}

async function head(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}
