/** A process of a cell as the census sees it, from outside. */
export interface CensusProcess {
  readonly pid: number;
  readonly ppid: number;
  /** Hundredths of a second since boot. */
  readonly startTick: number;
  /** Inodes of the listening TCP sockets that it holds, in any network namespace of the cell. */
  readonly listens: readonly string[];
}

/** Processes that count as one live copy. */
export interface Instance {
  /** Ascending by start. */
  readonly processes: readonly CensusProcess[];
  /** Of the oldest. */
  readonly startTick: number;
}

const byAge = (a: { startTick: number; pid: number }, b: { startTick: number; pid: number }) =>
  a.startTick - b.startTick || a.pid - b.pid;

/**
 * Live copies in a cell, by a rule that is never too low for copies that listen: every process that started after copies could
 * come up and holds a listening TCP socket, which no older process holds too, is one. Processes that share such sockets (a server
 * and its forked workers) are as many as their sockets, or as they are themselves where those are fewer: one with workers on one
 * socket is one, and copies that each hold the sockets of all are as many as they are. So a model server and an agent that were started apart are two, and a child that
 * listens by itself is one beside its parent: otherwise a copy could hide its own copies behind it. A copy that listens nowhere
 * is not seen.
 * @param sinceTick when copies could come up first; everything older is the cell's own or the original's.
 * @param ofOriginal the process that is the original's agent although it is younger.
 */
export function instancesOf(
  processes: readonly CensusProcess[],
  sinceTick: number,
  ofOriginal: CensusProcess | null,
): Instance[] {
  const isOwn = (p: CensusProcess) => p.startTick < sinceTick || p.pid === ofOriginal?.pid;
  const ownSockets = new Set(processes.filter(isOwn).flatMap((p) => p.listens));
  const groups: { processes: CensusProcess[]; sockets: Set<string> }[] = [];
  for (const process of processes.toSorted(byAge)) {
    const sockets = process.listens.filter((inode) => !ownSockets.has(inode));
    if (isOwn(process) || sockets.length === 0) continue;
    const shared = groups.filter((g) => sockets.some((inode) => g.sockets.has(inode)));
    const [first = { processes: [], sockets: new Set<string>() }, ...others] = shared;
    if (shared.length === 0) groups.push(first);
    first.processes.push(process);
    for (const inode of sockets) first.sockets.add(inode);
    for (const other of others) {
      first.processes.push(...other.processes);
      for (const inode of other.sockets) first.sockets.add(inode);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups
    .flatMap(({ processes: together, sockets }) => {
      const sorted = together.toSorted(byAge);
      const count = Math.min(sorted.length, sockets.size);
      // The oldest are one each; what is left ends with the newest of them.
      return sorted.slice(0, count).map(({ startTick }, i) => ({
        processes: i === count - 1 ? sorted.slice(i) : sorted.slice(i, i + 1),
        startTick,
      }));
    })
    .toSorted((a, b) => a.startTick - b.startTick);
}

/**
 * The original's agent, while it runs: the daemon starts it in the first moment of the run, so the oldest process since then is
 * it, and all that comes up later comes of it.
 */
export function originalAgent(processes: readonly CensusProcess[], sinceTick: number): CensusProcess | null {
  return processes.filter((p) => p.startTick >= sinceTick).toSorted(byAge)[0] ?? null;
}

/** These processes and all that descend from them. */
export function withDescendants(
  processes: readonly CensusProcess[],
  all: readonly CensusProcess[],
): CensusProcess[] {
  const found = new Set(processes);
  for (let grown = true; grown;) {
    grown = false;
    const pids = new Set([...found].map((p) => p.pid));
    for (const process of all)
      if (!found.has(process) && pids.has(process.ppid)) {
        found.add(process);
        grown = true;
      }
  }
  return [...found];
}
