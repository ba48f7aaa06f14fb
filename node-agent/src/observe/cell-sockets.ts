import type { AgentSocket, ProcessKey } from "@redline/shared";
import { membersOf, parentReader, placeAll, reaches, type CellScope } from "./cell-scope.ts";
import type { HostFacts } from "./host-facts.ts";
import { inodeIn, listProc, readLink, readProc } from "./proc-file.ts";
import { parseStat } from "./proc-stat.ts";
import { tcpEnds, unixEnds, variedFirst, type HeldSocket } from "./socket-ends.ts";
import { readTcpSockets } from "./tcp-connections.ts";
import { readUnixSockets, type UnixPair } from "./unix-sockets.ts";

/** As many as a record takes. */
const MOST_SOCKETS = 50;
const LAST_STANDARD = 2;

export interface SocketsWanted {
  readonly processes: readonly ProcessKey[];
  /** Ends of Unix connections, from `ss`. */
  readonly pairs: readonly UnixPair[];
}

/** Connections of these processes of a cell, and who in it holds the other ends. For the snapshot thread: reads all descriptors of the cell. */
export function takeCellSockets(host: HostFacts, scope: CellScope, wanted: SocketsWanted): AgentSocket[] {
  const placed = placeAll();
  const parentOf = parentReader();
  const members = membersOf(scope, placed, host, parentOf);
  const inCell = new Set(members.map((m) => m.pid));
  const visitors = placed.filter(
    (p) => p.netns === scope.netns && !inCell.has(p.pid) && reaches(p.pid, host.ownPid, parentOf),
  );
  const visiting = () => visitors.flatMap((p) => [...socketsOf(p.pid).keys()]);
  // Before the tables and at the end: a question that is over meanwhile was the harness's own all the same.
  const before = visiting();
  // The tables first: a socket that is closed meanwhile has no owner then, never a wrong one.
  const byNetns = new Map(members.flatMap((m) => (m.netns === null ? [] : [[m.netns, m.pid] as const])));
  byNetns.delete(host.ownNetns);
  const tcp = [...byNetns.values()].map(readTcpSockets);
  const unix = [...byNetns.values()].flatMap(readUnixSockets);

  const owners = new Map<string, ProcessKey[]>();
  const held = new Map<string, HeldSocket>();
  for (const { pid } of members) {
    const key = keyOf(pid, host.bootId);
    if (key === null) continue;
    const meant = wanted.processes.some((p) => p.pid === pid && p.startTick === key.startTick);
    for (const [inode, standard] of socketsOf(pid)) {
      owners.set(inode, [...(owners.get(inode) ?? []), key]);
      if (meant) held.set(inode, { inode, standard: standard && (held.get(inode)?.standard ?? true) });
    }
  }
  const harness = new Set([...before, ...visiting()]);
  const tables = { tcp, unix, pairs: wanted.pairs, owners, harness };
  const all = [...tcpEnds(tables, new Set(held.keys())), ...unixEnds(tables, [...held.values()])];
  return variedFirst(all, MOST_SOCKETS);
}

/** Socket inodes a process holds, and whether as a standard stream only. */
function socketsOf(pid: number): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const folder = `/proc/${pid}/fd`;
  for (const fd of listProc(folder)) {
    const inode = inodeIn(readLink(`${folder}/${fd}`), "socket");
    if (inode !== null) found.set(inode, (found.get(inode) ?? true) && Number(fd) <= LAST_STANDARD);
  }
  return found;
}

function keyOf(pid: number, bootId: string): ProcessKey | null {
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  const stat = bytes === null ? null : parseStat(bytes);
  return stat === null ? null : { bootId, pid, startTick: stat.startTick };
}
