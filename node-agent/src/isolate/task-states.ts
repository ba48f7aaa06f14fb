import type { ProcessKey } from "@redline/shared";
import { listProc, readProc } from "../observe/proc-file.ts";
import { parseStat } from "../observe/proc-stat.ts";
import { parseStatus } from "../observe/proc-status.ts";

/** Stopped by a signal or a tracer, or dead: states in which a thread runs nothing. */
const STILL = new Set(["T", "t", "Z", "X"]);
const DEAD = new Set(["Z", "X"]);

/** Start tick of what has this pid now; null when nothing has. */
export function startTickOf(pid: number): number | null {
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  return bytes === null ? null : (parseStat(bytes)?.startTick ?? null);
}

/** Whether the pid still is the process that was meant. */
export const isSame = ({ pid, startTick }: Pick<ProcessKey, "pid" | "startTick">) =>
  startTickOf(pid) === startTick;

/**
 * `gone`: not there, or nothing of it can run any more. `still`: every thread is stopped. Asked of each thread, because the first may
 * have ended (state Z) while others run on.
 */
export function stateOf({
  pid,
  startTick,
}: Pick<ProcessKey, "pid" | "startTick">): "gone" | "still" | "running" {
  if (startTickOf(pid) !== startTick) return "gone";
  const states = listProc(`/proc/${pid}/task`).map((task) => {
    const bytes = readProc(`/proc/${pid}/task/${task}/stat`, 4096);
    return bytes === null ? "X" : (parseStat(bytes)?.state ?? "R");
  });
  if (states.every((state) => DEAD.has(state))) return "gone";
  return states.every((state) => STILL.has(state)) ? "still" : "running";
}

/** Its pid in the innermost PID namespace; null when it is gone. */
export function innermostPid(pid: number): number | null {
  const bytes = readProc(`/proc/${pid}/status`);
  return bytes === null ? null : (parseStatus(bytes)?.cellPid ?? null);
}
