import type { ProcessKey } from "@redline/shared";
import { inodeIn, listPids, readLink } from "../observe/proc-file.ts";
import type { Stopper } from "./stopper.ts";
import { innermostPid, startTickOf } from "./task-states.ts";

const SCANS = 24;

/**
 * Stops what was just born in these PID namespaces, before anybody is asked whether it should be: a line of processes that fork
 * and end within a millisecond is never there any more when a full look names it. Never in the daemon's own namespace.
 * @returns what was stopped on suspicion; those that were not meant must be released.
 */
export function catchNewcomers(
  stopper: Stopper,
  namespaces: ReadonlySet<string>,
  bootId: string,
): ProcessKey[] {
  const own = inodeIn(readLink("/proc/self/ns/pid"), "pid");
  const places = new Set([...namespaces].filter((id) => id !== own));
  if (places.size === 0) return [];
  const caught: ProcessKey[] = [];
  const seen = new Set(listPids());
  for (let scan = 0; scan < SCANS; scan += 1)
    for (const pid of listPids()) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      const pidns = pidNamespaceOf(pid);
      const startTick = startTickOf(pid);
      if (pidns === null || !places.has(pidns) || startTick === null || innermostPid(pid) === 1) continue;
      const key = { bootId, pid, startTick };
      if (stopper.stop(key)) caught.push(key);
    }
  return caught;
}

/** Null when the process is gone. */
export const pidNamespaceOf = (pid: number) => inodeIn(readLink(`/proc/${pid}/ns/pid`), "pid");
