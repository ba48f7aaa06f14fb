import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { parseComputeApps, type ComputeAppRow } from "./compute-apps.ts";
import { cgroupIn, isRootCgroup, ownProcess, type OwnProcess } from "./own-process.ts";

export interface GpuApp extends ComputeAppRow {
  /** Null where it is no process of the daemon's PID namespace, or has ended. */
  readonly process: OwnProcess | null;
  /** Whether its cgroup is another than the daemon's and the root: only then does it say anything. */
  readonly ownCgroup: boolean;
}
/** Processes on the GPUs of this machine; null where there is no `nvidia-smi`, or it failed. */
export type GpuApps = readonly GpuApp[] | null;

/** Without the name: that is text of the process, and a line break in it would be a forged line here. */
const QUERY = ["--query-compute-apps=gpu_uuid,pid,used_gpu_memory", "--format=csv,noheader,nounits"];
const LIMITS = { timeout: 5000, maxBuffer: 1024 * 1024, killSignal: "SIGKILL" } as const;

/**
 * Asks the driver which processes are on the GPUs; null where the program is absent, fails, or takes longer than 5 s (a hung
 * driver). The driver counts processes as the host does.
 * @param hostProc a mount of the host's `/proc`, for a daemon that lives in a PID namespace of its own; its rows are
 * mapped by `NSpid`.
 */
export async function readComputeApps(nvidiaSmi = "nvidia-smi", hostProc = "/proc"): Promise<GpuApps> {
  const csv = await new Promise<string | null>((resolve) => {
    execFile(nvidiaSmi, QUERY, LIMITS, (error, stdout) => resolve(error === null ? stdout : null));
  });
  if (csv === null) return null;
  const daemons = cgroupIn(await readFile("/proc/self/cgroup", "utf8").catch(() => ""));
  return Promise.all(
    parseComputeApps(csv).map(async (row) => {
      const process = await ownProcess(row.hostPid, hostProc);
      const ownCgroup = process !== null && !isRootCgroup(process.cgroup) && process.cgroup !== daemons;
      return { ...row, process, ownCgroup };
    }),
  );
}

type Member = Pick<OwnProcess, "pid" | "startTick" | "cgroup">;

const isOneOf = (app: GpuApp, members: readonly Pick<Member, "pid" | "startTick">[]) =>
  members.some((m) => m.pid === app.process?.pid && m.startTick === app.process.startTick);

/**
 * What of this belongs to a cell: apps that are processes of it, or share the cgroup of one where that is not the daemon's own.
 * A server's GPU workers may be other processes than the one that listens.
 */
export function appsOfCell(apps: GpuApps, members: readonly Member[]): readonly GpuApp[] {
  const cgroups = new Set(members.map((member) => member.cgroup));
  return (apps ?? []).filter(
    (app) => isOneOf(app, members) || (app.ownCgroup && cgroups.has(app.process?.cgroup ?? "")),
  );
}

/**
 * GPU memory of exactly these processes, MiB, over all GPUs; never by cgroup, which an original and a copy in one cell share. Null
 * on a machine without GPU, and where the driver names one of them without saying how much it uses.
 */
export function gpuMiBOf(
  apps: GpuApps,
  processes: readonly Pick<Member, "pid" | "startTick">[],
): number | null {
  if (apps === null) return null;
  const theirs = apps.filter((app) => isOneOf(app, processes));
  const known = theirs.flatMap((app) => (app.usedMiB === null ? [] : [app.usedMiB]));
  if (known.length === 0 && theirs.length > 0) return null;
  return known.reduce((total, usedMiB) => total + usedMiB, 0);
}
