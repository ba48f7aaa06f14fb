import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { boundedText } from "../observe/bounded-text.ts";
import { parseStat } from "../observe/proc-stat.ts";

/** A process by its number in the daemon's own PID namespace. */
export interface OwnProcess {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTick: number;
  /** In the form of a process row. */
  readonly cgroup: string;
}

/**
 * The process that another PID namespace calls `hostPid`, null where it is not in the daemon's namespace or gone. The numbers
 * of a process in all namespaces from the proc mount's down stand in `NSpid`; the daemon's own line says how deep it is itself.
 * @param hostProc a proc mount of the namespace that counts `hostPid`; `/proc` where that is the daemon's own.
 */
export async function ownProcess(hostPid: number, hostProc: string): Promise<OwnProcess | null> {
  try {
    const depth = nsPids(await readFile(join(hostProc, "self/status"), "latin1")).length - 1;
    const pid = nsPids(await readFile(join(hostProc, String(hostPid), "status"), "latin1"))[depth];
    if (depth < 0 || pid === undefined) return null;
    const startTick = await startTickAt(join(hostProc, String(hostPid)));
    // The same number may be another process by now, and in a sibling namespace it is another: the start tells.
    if (startTick === null || startTick !== (await startTickAt(`/proc/${pid}`))) return null;
    return { pid, startTick, cgroup: cgroupIn(await readFile(`/proc/${pid}/cgroup`, "utf8")) };
  } catch {
    return null;
  }
}

/** Numbers of a process in the reader's namespace and those below it, outermost first. */
export function nsPids(status: string): number[] {
  const line = /^NSpid:((?:\t\d{1,10})+)$/m.exec(status)?.[1];
  return line === undefined ? [] : line.trim().split("\t").map(Number);
}

/** As a process row has it: the unified path where there is one besides the root, else all v1 lines joined by `;`. */
export function cgroupIn(text: string): string {
  const unified = /^0::(\/.+)$/m.exec(text)?.[1];
  return boundedText(unified ?? text.trimEnd().replaceAll("\n", ";"), 512);
}

/** Whether it is the root of every hierarchy, which says nothing of a process. */
export const isRootCgroup = (cgroup: string) => cgroup.split(";").every((line) => /^$|:\/$/.test(line));

async function startTickAt(folder: string): Promise<number | null> {
  return parseStat(await readFile(join(folder, "stat")))?.startTick ?? null;
}
