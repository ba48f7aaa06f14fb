import type { ProcessKey } from "@redline/shared";
import { listProc, readProc } from "../observe/proc-file.ts";
import { isSame } from "./task-states.ts";

/**
 * What the scheduler has counted for every thread of a process, as text to compare: nanoseconds on a CPU (`schedstat`), or where the
 * kernel does not keep those, ticks and context switches. Null when the process is gone.
 */
export function runTimeOf(key: Pick<ProcessKey, "pid" | "startTick">): string | null {
  const { pid } = key;
  const counts = listProc(`/proc/${pid}/task`).map(
    (task) => `${task}:${countOf(`/proc/${pid}/task/${task}`)}`,
  );
  // Last: what was read above is then of this process and no other.
  return isSame(key) ? counts.sort().join(" ") : null;
}

function countOf(folder: string): string {
  const nanoseconds = textOf(`${folder}/schedstat`)?.split(" ", 1)[0];
  if (nanoseconds !== undefined && nanoseconds !== "0") return nanoseconds;
  const stat = textOf(`${folder}/stat`);
  // User and system time are fields 14 and 15; the name, free text, ends at the last bracket.
  const ticks = stat
    ?.slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  const switches = textOf(`${folder}/status`)?.match(/^(non)?voluntary_ctxt_switches:\s*\d+/gm);
  return [...(ticks ?? []), ...(switches ?? [])].join(",");
}

const textOf = (path: string) => readProc(path)?.toString("latin1");
