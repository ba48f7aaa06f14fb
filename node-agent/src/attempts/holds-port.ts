import type { ProcessKey } from "@redline/shared";
import { inodeIn, listProc, readLink, readProc } from "../observe/proc-file.ts";
import { parseStat } from "../observe/proc-stat.ts";
import { readListeners } from "../observe/tcp-table.ts";

/** Addresses at which a connection to 127.0.0.1 is taken, in the kernel's order: the nearer one takes it from the others. */
const TAKEN_AT = [["127.0.0.1", "::ffff:127.0.0.1"], ["0.0.0.0"], ["::"]] as const;

/**
 * Whether a connection to this port of 127.0.0.1 comes to these processes and to nobody else, by the kernel's tables as they are seen
 * from outside. With several listeners that share a port, all have to be theirs.
 * @param netnsPid a process of the network namespace.
 * @throws Error where the tables cannot be read.
 */
export function holdsPort(netnsPid: number, port: number, processes: readonly ProcessKey[]): boolean {
  const listeners = readListeners(netnsPid, "")?.filter((listener) => listener.port === port);
  if (listeners === undefined) throw new Error("the listeners of the cell cannot be read");
  const taking =
    TAKEN_AT.map((addresses) => listeners.filter(({ address }) => addresses.some((a) => a === address))).find(
      (found) => found.length > 0,
    ) ?? [];
  const held = new Set(processes.flatMap(socketsOf));
  return taking.length > 0 && taking.every(({ inode }) => held.has(inode));
}

/** Inodes of the sockets that this very process has open; none where another has its number by now. */
function socketsOf({ pid, startTick }: ProcessKey): string[] {
  const folder = `/proc/${pid}/fd`;
  const inodes = listProc(folder).flatMap((fd) => inodeIn(readLink(`${folder}/${fd}`), "socket") ?? []);
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  const stat = bytes === null ? null : parseStat(bytes);
  return stat?.startTick === startTick ? inodes : [];
}
