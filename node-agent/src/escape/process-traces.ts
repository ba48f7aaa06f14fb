import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process as the daemon sees it; the start tick tells it from a later one of the same pid. */
export interface ProcessTrace {
  readonly pid: number;
  readonly startTick: string;
}

/** Live processes of the whole node whose command line holds this mark, the daemon left out. */
export function marked(mark: string): ProcessTrace[] {
  return pids().flatMap((pid) => {
    const startTick = startTickOf(pid);
    if (pid === process.pid || startTick === null) return [];
    return read(pid, "cmdline").includes(mark) ? [{ pid, startTick }] : [];
  });
}

export function isAlive({ pid, startTick }: ProcessTrace): boolean {
  return startTickOf(pid) === startTick;
}

/** Pids, as the daemon counts, in a PID namespace. */
export function pidsIn(pidns: string): number[] {
  return pids().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === `pid:[${pidns}]`;
    } catch {
      return false;
    }
  });
}

/** Open files of any process of the node whose name holds this mark, as far as they can be looked at. */
export function heldFiles(mark: string): string[] {
  return pids().flatMap((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const target = link(`/proc/${pid}/fd/${fd}`);
        return target.includes(mark) ? [target] : [];
      });
    } catch {
      return [];
    }
  });
}

function pids(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Null for a process that is gone, or dead and only not reaped. */
function startTickOf(pid: number): string | null {
  const stat = read(pid, "stat");
  const [state = "X", ...rest] = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return stat === "" || state === "Z" || state === "X" ? null : (rest[18] ?? null);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
