import type { ProcessKey } from "@redline/shared";
import { readProc } from "../observe/proc-file.ts";
import { parseStat } from "../observe/proc-stat.ts";

/** No longer there, or stopped: neither answers anybody. */
const SILENT_STATES = new Set(["Z", "X", "T", "t"]);

/** Whether any of these processes, of this boot, can still serve. */
export const stillServes = (processes: readonly ProcessKey[]): boolean =>
  processes.some(({ pid, startTick }) => {
    const bytes = readProc(`/proc/${pid}/stat`, 4096);
    const stat = bytes === null ? null : parseStat(bytes);
    return stat !== null && stat.startTick === startTick && !SILENT_STATES.has(stat.state);
  });
