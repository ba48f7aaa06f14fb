import { setImmediate as turn } from "node:timers/promises";
import { membersOf, parentReader, type CellScope, type Placed } from "../observe/cell-scope.ts";
import type { HostFacts } from "../observe/host-facts.ts";
import { countSockets, lookAtListeners } from "../observe/listener-sweep.ts";
import { inodeIn, listPids, readLink, readProc } from "../observe/proc-file.ts";
import { heldSockets } from "../observe/process-reader.ts";
import { isDead, parseStat } from "../observe/proc-stat.ts";
import type { CensusProcess } from "./instances.ts";

/** Processes that are read in one turn of the loop: about a millisecond. */
const IN_ONE_TURN = 64;
/** More network namespaces than any honest trial makes in its cell; the rest is left to the snapshots. */
const MOST_NETWORKS = 16;
const FULL_LOOK_EVERY = 5;

export interface NodeLook {
  readonly placed: readonly Placed[];
  /** By the cells' scopes, in their order. */
  readonly cells: readonly (readonly CensusProcess[])[];
}

/** A cell as it was read last. */
interface Read {
  /** The kernel's counts of sockets in the cell's networks. */
  readonly counts: string;
  readonly processes: readonly CensusProcess[];
  readonly looks: number;
}

/**
 * Looks at every process of the node, and at those of the cells with their listening sockets; gives way to other work in between.
 *
 * The tables of listeners and the descriptors cost the most by far (5 ms of a thread a table on a machine with the kernel's default
 * of 262,144 buckets). They are read when the kernel's own count of the cell's sockets has changed, when one that listened is gone,
 * and at every fifth look: a copy that comes in the very moment when another socket goes is seen then.
 */
export class NodeEyes {
  readonly #host: HostFacts;
  #read = new Map<string, Read>();

  constructor(host: HostFacts) {
    this.#host = host;
  }

  async look(scopes: readonly CellScope[]): Promise<NodeLook> {
    const placed: Placed[] = [];
    await inTurns(listPids(), (pid) => {
      placed.push({
        pid,
        netns: inodeIn(readLink(`/proc/${pid}/ns/net`), "net"),
        pidns: inodeIn(readLink(`/proc/${pid}/ns/pid`), "pid"),
      });
    });
    const parentOf = parentReader();
    const read = new Map<string, Read>();
    for (const scope of scopes)
      read.set(idOf(scope), await this.#lookAtCell(scope, membersOf(scope, placed, this.#host, parentOf)));
    this.#read = read;
    return { placed, cells: scopes.map((scope) => read.get(idOf(scope))?.processes ?? []) };
  }

  async #lookAtCell(scope: CellScope, members: readonly Placed[]): Promise<Read> {
    const visited = new Map<string, number>([[scope.netns, scope.initPid]]);
    for (const { netns, pid } of members)
      if (
        netns !== null &&
        netns !== this.#host.ownNetns &&
        visited.size < MOST_NETWORKS &&
        !visited.has(netns)
      )
        visited.set(netns, pid);
    // Before the tables: what comes meanwhile changes the count.
    const counts = (
      await Promise.all([...visited].map(async ([netns, pid]) => `${netns} ${await countSockets(pid)}`))
    ).join();
    const last = this.#read.get(idOf(scope));
    if (last !== undefined && last.counts === counts && last.looks < FULL_LOOK_EVERY) {
      const processes = last.processes.filter(({ pid, startTick }) => startOf(pid)?.startTick === startTick);
      const listening = (of: readonly CensusProcess[]) =>
        of.filter(({ listens }) => listens.length > 0).length;
      // Where one that listened is gone, another has taken its place in the count.
      if (listening(processes) === listening(last.processes))
        return { counts, processes, looks: last.looks + 1 };
    }
    const listening = new Set<string>();
    for (const [netns, initPid] of visited)
      for (const { inode } of (await lookAtListeners({ initPid, netns, pidns: scope.pidns })) ?? [])
        listening.add(inode);
    const processes: CensusProcess[] = [];
    await inTurns(members, ({ pid }) => {
      const before = startOf(pid);
      if (before === null) return;
      const listens = heldSockets(pid, listening);
      // The number may have come round meanwhile.
      if (startOf(pid)?.startTick === before.startTick) processes.push({ pid, ...before, listens });
    });
    return { counts, processes, looks: 1 };
  }
}

const idOf = ({ initPid, netns }: CellScope) => `${initPid} ${netns}`;

/** Start and parent of a process that lives; null for any other. */
export function startOf(pid: number): { startTick: number; ppid: number } | null {
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  const stat = bytes === null ? null : parseStat(bytes);
  return stat === null || isDead(stat) ? null : { startTick: stat.startTick, ppid: stat.ppid };
}

async function inTurns<T>(all: readonly T[], work: (one: T) => void): Promise<void> {
  for (const [i, one] of all.entries()) {
    if (i > 0 && i % IN_ONE_TURN === 0) await turn();
    work(one);
  }
}
