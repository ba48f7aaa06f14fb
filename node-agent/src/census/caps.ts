import type { RunningPart } from "../attempts/registry.ts";
import type { Cell } from "../cell/cell.ts";
import { attemptName } from "../journal/unfinished.ts";
import { withDescendants, type CensusProcess, type Instance } from "./instances.ts";
import { startOf } from "./read-members.ts";

/** A cell of an attempt as one look counted it. */
export interface Counted {
  readonly cell: Cell;
  readonly part: RunningPart;
  readonly sinceTick: number;
  /** Ascending by start. */
  readonly instances: readonly Instance[];
  readonly processes: readonly CensusProcess[];
  /** See `CellRead`. */
  readonly partly: boolean;
}

/** A copy of a copy is the last that any scenario has. */
const LAST_GENERATION = 2;

/**
 * Kills the newest copies beyond the attempt's cap with all that descends from them.
 * @param group all cells of one attempt on this node.
 * @returns null when the cap holds.
 */
export function endBeyondCap(group: readonly Counted[]): { processes: number; detail: string } | null {
  const all = group.flatMap((one) => one.instances.map((instance) => ({ one, instance })));
  const cap = Math.min(...group.map(({ part }) => part.mostCopies));
  const generation = Math.max(...group.map(({ part }) => part.generation));
  const allowed = generation > LAST_GENERATION ? 0 : cap;
  if (all.length <= allowed) return null;
  const beyond = all.toSorted((a, b) => a.instance.startTick - b.instance.startTick).slice(allowed);
  let processes = 0;
  for (const { one, instance } of beyond)
    for (const process of withDescendants(instance.processes, one.processes))
      processes += killIfSame(process) ? 1 : 0;
  const of = generation > LAST_GENERATION ? `generation ${generation}` : `${all.length} live copies`;
  const most = generation > LAST_GENERATION ? `generation ${LAST_GENERATION}` : `${cap}`;
  return { processes, detail: `${of} where at most ${most} may be; the newest ${beyond.length} were ended` };
}

/** The look and the kill lie microseconds apart, too close for a number to come round. */
function killIfSame({ pid, startTick }: CensusProcess): boolean {
  if (startOf(pid)?.startTick !== startTick) return false;
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** The cells of each attempt together. */
export function byAttempt(counted: readonly Counted[]): Counted[][] {
  const groups = new Map<string, Counted[]>();
  for (const one of counted) {
    const name = attemptName(one.part.key);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups.values()];
}
