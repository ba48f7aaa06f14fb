import type { ListenerRow, ProcessKey, Snapshot } from "@redline/shared";
import { membersOf, parentReader, placeAll, type CellScope, type Placed } from "./cell-scope.ts";
import type { HostFacts } from "./host-facts.ts";
import { inodeIn, listPids, readLink } from "./proc-file.ts";
import { heldSockets, readProcess, type ReadProcess, type Wanted } from "./process-reader.ts";
import { readListeners } from "./tcp-table.ts";

/** Reads of a process that was caught in the middle of an exec, or makes itself look so. */
const MOST_READS = 4;
/** Most rows of each kind in a cell's snapshot, as the shared schema has it. */
const MAX_ROWS = 2000;

export interface Clock {
  /** Wall time, milliseconds. */
  readonly nowMs: () => number;
  /** Monotonic milliseconds. */
  readonly monoMs: () => number;
}

/** Looks at a cell in which a listener had no owner: one that was closed meanwhile has gone at the next look. */
const MOST_LOOKS = 3;

/** A cell from outside; looks again while a listener's owner could not be read for certain. */
export function takeCellSnapshot(host: HostFacts, scope: CellScope, clock: Clock): Snapshot {
  const started = clock.monoMs();
  let seen = lookAtCell(host, scope, clock);
  for (let looks = 1; looks < MOST_LOOKS && blurred(seen); looks += 1) seen = lookAtCell(host, scope, clock);
  return { ...seen, tookMs: clock.monoMs() - started };
}

/** Whether a listener has no owner but such as changed while they were read. */
function blurred({ listeners, processes }: Snapshot): boolean {
  const unstable = new Set(processes.filter((p) => !p.stable).map((p) => p.pid));
  return listeners.some((l) => l.owners.every((o) => unstable.has(o.pid)));
}

/**
 * Listeners come before the descriptors, so a socket closed between has no owner and one
 * opened between is missing: never a wrong owner. Rows above 2,000 (a fork bomb) are left out, owners kept first, and
 * counted in `cut`, as are networks of stable members whose listeners could not be read.
 */
function lookAtCell(host: HostFacts, scope: CellScope, clock: Clock): Snapshot {
  const started = clock.monoMs();
  const takenAt = new Date(clock.nowMs()).toISOString();
  const placed = placeAll();
  const members = membersOf(scope, placed, host, parentReader());
  const inCell = new Set(members.map((m) => m.pid));
  const { tables, read } = listenersOf(members);
  const wanted = new Set(tables.map((l) => l.inode));
  const { rows, lost } = readAll([...inCell], host, wanted);
  const outside = placed.filter((p) => !inCell.has(p.pid)).flatMap((p) => outsideOwner(p.pid, host, wanted));
  // A member that left for the daemon's own network would bring in all the host's listeners: only its own count.
  const held = new Set(rows.flatMap((r) => r.sockets));
  const listeners = tables.filter(
    (l) => l.netns === scope.netns || l.netns !== host.ownNetns || held.has(l.inode),
  );
  const sorted = rows.toSorted((a, b) => Number(b.sockets.length > 0) - Number(a.sockets.length > 0));
  const processes = sorted.slice(0, MAX_ROWS).map((r) => r.row);
  const unread = new Set(rows.filter((r) => r.row.stable && !read.has(r.row.netns)).map((r) => r.row.netns));
  return {
    bootId: host.bootId,
    takenAt,
    tookMs: clock.monoMs() - started,
    processes: processes.sort((a, b) => a.pid - b.pid),
    listeners: withOwners(listeners.slice(0, MAX_ROWS), [...rows, ...outside]),
    unstable: lost + processes.filter((p) => !p.stable).length,
    cut: rows.length - processes.length + Math.max(0, listeners.length - MAX_ROWS) + unread.size,
  };
}

/** The whole host, uncut: for the benchmark and for audits, not for a record. */
export function takeFullSnapshot(host: HostFacts, clock: Clock): Snapshot {
  const started = clock.monoMs();
  const takenAt = new Date(clock.nowMs()).toISOString();
  // Everything is wanted, so the namespaces come from the rows themselves: two links less a process.
  const { rows, lost } = readAll(listPids(), host, "all");
  const processes = rows.map((r) => r.row);
  const { tables } = listenersOf(processes);
  return {
    bootId: host.bootId,
    takenAt,
    tookMs: clock.monoMs() - started,
    processes,
    listeners: withOwners(tables, rows),
    unstable: lost + processes.filter((p) => !p.stable).length,
    cut: 0,
  };
}

/** One table a network namespace, through the first member whose table is readable and who is still in it after. */
function listenersOf(members: readonly Placed[]) {
  const byNetns = new Map<string, ListenerRow[]>();
  for (const { pid, netns } of members) {
    if (netns === null || netns === "" || byNetns.has(netns)) continue;
    const rows = readListeners(pid, netns);
    if (rows !== null && inodeIn(readLink(`/proc/${pid}/ns/net`), "net") === netns) byNetns.set(netns, rows);
  }
  return { tables: [...byNetns.values()].flat(), read: new Set(byNetns.keys()) };
}

function readAll(pids: readonly number[], host: HostFacts, wanted: Wanted) {
  const rows: ReadProcess[] = [];
  let lost = 0;
  for (const pid of pids) {
    let read = readProcess(pid, host, wanted);
    // A process caught in the middle of an exec is whole a moment later.
    for (let reads = 1; reads < MOST_READS && read !== null && !read.row.stable && !read.dead; reads += 1)
      read = readProcess(pid, host, wanted) ?? { ...read, dead: true };
    if (read === null) lost += 1;
    else rows.push(read);
  }
  return { rows, lost };
}

/** A process outside the cell that holds a socket of the cell: named as owner, though it is no row. */
function outsideOwner(pid: number, host: HostFacts, wanted: ReadonlySet<string>): ReadProcess[] {
  if (heldSockets(pid, wanted).length === 0) return [];
  const read = readProcess(pid, host, wanted);
  return read === null ? [] : [read];
}

function withOwners(listeners: readonly ListenerRow[], rows: readonly ReadProcess[]): ListenerRow[] {
  const owners = new Map<string, ProcessKey[]>();
  for (const { row, sockets } of rows)
    for (const inode of sockets) {
      const key: ProcessKey = { bootId: row.bootId, pid: row.pid, startTick: row.startTick };
      owners.set(inode, [...(owners.get(inode) ?? []), key]);
    }
  return listeners.map((l) => ({ ...l, owners: owners.get(l.inode) ?? [] }));
}
