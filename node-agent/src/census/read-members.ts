import { setImmediate as turn } from "node:timers/promises";
import type { Placed } from "../observe/cell-scope.ts";
import { readProc } from "../observe/proc-file.ts";
import { socketsAmong } from "../observe/process-reader.ts";
import { isDead, parseStat } from "../observe/proc-stat.ts";
import type { CensusProcess } from "./instances.ts";

/** Reads of links in one turn of the loop: some milliseconds. */
const IN_ONE_TURN = 500;
/** What placing a process and reading its start cost, in reads of links. */
export const A_PROCESS = 8;
/** Descriptors of a cell that one look reads. An honest cell of 512 processes has fewer; more is a way to hold up the census. */
export const MOST_DESCRIPTORS = 20_000;

/** A cell as one look read it. */
export interface CellRead {
  readonly processes: readonly CensusProcess[];
  /** It holds more descriptors than were read: what listens may be more than what is told here. */
  readonly partly: boolean;
}

/** Gives way to other work after each some milliseconds of reading. */
export class Turns {
  #done = 0;

  /** To be called with what was just read, in reads of links. */
  async did(cost: number): Promise<void> {
    this.#done += cost;
    if (this.#done < IN_ONE_TURN) return;
    this.#done = 0;
    await turn();
  }
}

/**
 * The processes that live, with those of the wanted sockets that they hold. Beyond `most` descriptors it reads no further: the rest
 * of the processes are there, with no sockets.
 */
export async function readMembers(
  members: readonly Pick<Placed, "pid">[],
  wanted: ReadonlySet<string>,
  turns: Turns,
  most = MOST_DESCRIPTORS,
): Promise<CellRead> {
  const processes: CensusProcess[] = [];
  let left = most;
  let partly = false;
  for (const { pid } of members) {
    await turns.did(A_PROCESS);
    const before = startOf(pid);
    if (before === null) continue;
    const listens = new Set<string>();
    for (const inode of wanted.size === 0 || partly ? [] : socketsAmong(pid, wanted)) {
      if (left === 0) {
        partly = true;
        break;
      }
      left -= 1;
      if (inode !== null) listens.add(inode);
      await turns.did(1);
    }
    // The number may have come round meanwhile.
    if (startOf(pid)?.startTick === before.startTick)
      processes.push({ pid, ...before, listens: [...listens] });
  }
  return { processes, partly };
}

/** Start and parent of a process that lives; null for any other. */
export function startOf(pid: number): { startTick: number; ppid: number } | null {
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  const stat = bytes === null ? null : parseStat(bytes);
  return stat === null || isDead(stat) ? null : { startTick: stat.startTick, ppid: stat.ppid };
}
