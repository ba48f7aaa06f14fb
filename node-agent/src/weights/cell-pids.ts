import { membersOf, parentReader, placeAll, type CellScope } from "../observe/cell-scope.ts";
import type { HostFacts } from "../observe/host-facts.ts";
import { listPids } from "../observe/proc-file.ts";

/**
 * Which processes are the cell's, cheaply: all of the host are placed at a full look only; in between, only if there are numbers
 * that were not there before. A number that is used again in between is found at the next full look.
 */
export function cellPids(scope: CellScope, host: HostFacts): (full: boolean) => readonly number[] {
  let known = new Set<number>();
  let members: readonly number[] = [];
  return (full) => {
    const pids = listPids();
    if (!full && pids.every((pid) => known.has(pid))) return members;
    known = new Set(pids);
    members = membersOf(scope, placeAll(), host, parentReader()).map((p) => p.pid);
    return members;
  };
}
