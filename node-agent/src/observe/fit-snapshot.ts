import type { Snapshot } from "@redline/shared";

/** A record must fit in one message of the bus (1 MB), with room for what stands around it. */
export const SNAPSHOT_BYTES = 600_000;

/** From all that the schema takes down to the bare identities; the first that fits is taken. */
const LEVELS = [
  { rows: 2000, args: 32, characters: 512, listeners: 2000, owners: Infinity },
  { rows: 2000, args: 4, characters: 100, listeners: 500, owners: 64 },
  { rows: 1000, args: 2, characters: 40, listeners: 200, owners: 16 },
  { rows: 400, args: 1, characters: 40, listeners: 100, owners: 8 },
] as const;

/**
 * Makes a snapshot small enough to be recorded: command lines are shortened first, then processes that own no listener
 * are left out, then listeners. A listener with too many owners keeps none of them: the one that speaks against it (sshd, a
 * process of the baseline) may not be lost while others stay. What is left out is counted in `cut`.
 */
export function fitSnapshot(snapshot: Snapshot, maxBytes = SNAPSHOT_BYTES): Snapshot {
  let fitted = snapshot;
  for (const level of LEVELS) {
    fitted = cut(snapshot, level);
    if (Buffer.byteLength(JSON.stringify(fitted)) <= maxBytes) break;
  }
  return fitted;
}

function cut(snapshot: Snapshot, level: (typeof LEVELS)[number]): Snapshot {
  const listeners = snapshot.listeners
    .slice(0, level.listeners)
    .map((l) => ({ ...l, owners: l.owners.length > level.owners ? [] : l.owners }));
  const owners = new Set(listeners.flatMap((l) => l.owners.map((o) => o.pid)));
  const processes = snapshot.processes
    // A stable sort: cell's init and the oldest stay in front.
    .toSorted((a, b) => Number(owners.has(b.pid)) - Number(owners.has(a.pid)))
    .slice(0, level.rows)
    .map((p) => ({
      ...p,
      exe: p.exe.slice(0, Math.max(level.characters, 100)),
      cgroup: p.cgroup.slice(0, level.characters),
      cmdline: p.cmdline.slice(0, level.args).map((argument) => argument.slice(0, level.characters)),
    }))
    .toSorted((a, b) => a.pid - b.pid);
  const left = snapshot.processes.length - processes.length + (snapshot.listeners.length - listeners.length);
  const disowned = ownersOf(snapshot.listeners.slice(0, level.listeners)) - ownersOf(listeners);
  return { ...snapshot, processes, listeners, cut: snapshot.cut + left + disowned };
}

const ownersOf = (listeners: Snapshot["listeners"]) => listeners.reduce((sum, l) => sum + l.owners.length, 0);
