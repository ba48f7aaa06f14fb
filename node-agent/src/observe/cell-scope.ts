import type { HostFacts } from "./host-facts.ts";
import { inodeIn, listPids, readLink, readProc } from "./proc-file.ts";
import { parseStat } from "./proc-stat.ts";

/** The cell as the daemon knows it: its init (pid in the daemon's namespace) and its namespaces' inodes. */
export interface CellScope {
  readonly initPid: number;
  readonly netns: string;
  readonly pidns: string;
}

/** A process and where it lives; null for what cannot be read. */
export interface Placed {
  readonly pid: number;
  readonly netns: string | null;
  readonly pidns: string | null;
}

/** The cheap pass: two links of every process on the host. */
export function placeAll(): Placed[] {
  return listPids().map((pid) => ({
    pid,
    netns: inodeIn(readLink(`/proc/${pid}/ns/net`), "net"),
    pidns: inodeIn(readLink(`/proc/${pid}/ns/pid`), "pid"),
  }));
}

/** Reads of `ppid` that are done at most once a snapshot. */
export type ParentOf = (pid: number) => number | null;

export function parentReader(): ParentOf {
  const known = new Map<number, number | null>();
  return (pid) => {
    const cached = known.get(pid);
    if (cached !== undefined) return cached;
    const bytes = readProc(`/proc/${pid}/stat`, 4096);
    const parent = bytes === null ? null : (parseStat(bytes)?.ppid ?? null);
    known.set(pid, parent);
    return parent;
  };
}

/**
 * Processes of a cell: in its PID or network namespace, or, for namespaces made inside the cell, a descendant
 * of its init (an orphan there is adopted by an ancestor inside the cell, so the chain holds). Left out:
 * the daemon's own children that only visit the cell's network, such as the prober.
 */
export function membersOf(
  scope: CellScope,
  placed: readonly Placed[],
  host: HostFacts,
  parentOf: ParentOf,
): Placed[] {
  return placed.filter((p) => {
    if (p.pidns === scope.pidns) return true;
    const descends = () => reaches(p.pid, scope.initPid, parentOf);
    if (p.netns === scope.netns)
      return p.pidns !== host.ownPidns || descends() || !reaches(p.pid, host.ownPid, parentOf);
    // No process of a cell lives in the daemon's own PID namespace, unless it came there by joining the cell's network.
    return p.pidns !== host.ownPidns && descends();
  });
}

/** Whether `ancestor` is `pid` or above it. The set ends a circle made by a pid that was reused between two reads. */
export function reaches(pid: number, ancestor: number, parentOf: ParentOf): boolean {
  const seen = new Set<number>();
  for (let at: number | null = pid; at !== null && at > 0 && !seen.has(at); at = parentOf(at)) {
    if (at === ancestor) return true;
    seen.add(at);
  }
  return false;
}
