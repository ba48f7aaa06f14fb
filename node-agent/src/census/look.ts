import { membersOf, parentReader, type CellScope, type Placed } from "../observe/cell-scope.ts";
import type { HostFacts } from "../observe/host-facts.ts";
import { countSockets, lookAtListeners } from "../observe/listener-sweep.ts";
import { inodeIn, listPids, readLink } from "../observe/proc-file.ts";
import type { CensusProcess } from "./instances.ts";
import { A_PROCESS, readMembers, startOf, Turns, type CellRead } from "./read-members.ts";

/** More network namespaces than any honest trial makes in its cell; the rest is left to the snapshots. */
const MOST_NETWORKS = 16;
const FULL_LOOK_EVERY = 5;

export interface NodeLook {
  readonly placed: readonly Placed[];
  /** By the cells' scopes, in their order. */
  readonly cells: readonly CellRead[];
}

/** A cell as it was read last. */
interface Read extends CellRead {
  /** The kernel's counts of sockets in the cell's networks. */
  readonly counts: string;
  readonly looks: number;
}

/**
 * Looks at every process of the node, and at those of the cells with their listening sockets; gives way to other work in between.
 *
 * The tables of listeners and the descriptors cost the most by far (5 ms of a thread a table on a machine with the kernel's default
 * of 262,144 buckets). They are read when the kernel's own count of the cell's sockets has changed, when one that listened is gone,
 * and at every fifth look: a copy that comes in the very moment when another socket goes is seen then. A cell that was read in part is read
 * again at each look.
 */
export class NodeEyes {
  readonly #host: HostFacts;
  #read = new Map<string, Read>();

  constructor(host: HostFacts) {
    this.#host = host;
  }

  async look(scopes: readonly CellScope[]): Promise<NodeLook> {
    const placed: Placed[] = [];
    const turns = new Turns();
    for (const pid of listPids()) {
      await turns.did(A_PROCESS);
      placed.push({
        pid,
        netns: inodeIn(readLink(`/proc/${pid}/ns/net`), "net"),
        pidns: inodeIn(readLink(`/proc/${pid}/ns/pid`), "pid"),
      });
    }
    const parentOf = parentReader();
    const read = new Map<string, Read>();
    for (const scope of scopes)
      read.set(
        idOf(scope),
        await this.#lookAtCell(scope, membersOf(scope, placed, this.#host, parentOf), turns),
      );
    this.#read = read;
    return {
      placed,
      cells: scopes.map((scope) => read.get(idOf(scope)) ?? { processes: [], partly: false }),
    };
  }

  async #lookAtCell(scope: CellScope, members: readonly Placed[], turns: Turns): Promise<Read> {
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
    const counts = [...visited].map(([netns, pid]) => `${netns} ${countSockets(pid)}`).join();
    const last = this.#read.get(idOf(scope));
    if (last !== undefined && !last.partly && last.counts === counts && last.looks < FULL_LOOK_EVERY) {
      const processes = last.processes.filter(({ pid, startTick }) => startOf(pid)?.startTick === startTick);
      const listening = (of: readonly CensusProcess[]) =>
        of.filter(({ listens }) => listens.length > 0).length;
      // Where one that listened is gone, another has taken its place in the count.
      if (listening(processes) === listening(last.processes))
        return { counts, processes, partly: false, looks: last.looks + 1 };
    }
    const listening = new Set<string>();
    for (const [netns, initPid] of visited)
      for (const { inode } of (await lookAtListeners({ initPid, netns, pidns: scope.pidns })) ?? [])
        listening.add(inode);
    return { ...(await readMembers(members, listening, turns)), counts, looks: 1 };
  }
}

const idOf = ({ initPid, netns }: CellScope) => `${initPid} ${netns}`;
