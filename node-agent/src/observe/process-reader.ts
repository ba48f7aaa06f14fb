import { opendirSync, type Dir } from "node:fs";
import type { ProcessRow } from "@redline/shared";
import { boundedText } from "./bounded-text.ts";
import { TICKS_PER_SECOND, type HostFacts } from "./host-facts.ts";
import { closeProc, inodeIn, listProc, openProc, readLink, readProc, rereadProc } from "./proc-file.ts";
import { isDead, parseStat, sameStat, type ProcStat } from "./proc-stat.ts";
import { parseStatus } from "./proc-status.ts";

/** Inodes to look for; `all` takes every socket. */
export type Wanted = ReadonlySet<string> | "all";

/** A process row and the socket inodes it holds (of those that were wanted). */
export interface ReadProcess {
  readonly row: ProcessRow;
  readonly sockets: readonly string[];
  /** A zombie's row cannot get better by reading it again. */
  readonly dead: boolean;
}

/**
 * Reads one process between two reads of its `stat` through one descriptor, which the kernel binds to the
 * process itself: a reused pid cannot slip in. Null when the process is gone before the first; a row that
 * changed, ended, or hid its executable meanwhile is `stable: false`.
 */
export function readProcess(pid: number, host: HostFacts, wanted: Wanted): ReadProcess | null {
  const stat = openProc(`/proc/${pid}/stat`);
  if (stat < 0) return null;
  try {
    const before = statOf(stat);
    return before === null ? null : readBetween(pid, host, wanted, before, () => statOf(stat));
  } finally {
    closeProc(stat);
  }
}

function readBetween(
  pid: number,
  host: HostFacts,
  wanted: Wanted,
  before: ProcStat,
  readAfter: () => ProcStat | null,
): ReadProcess {
  const dir = `/proc/${pid}`;
  // Kernel threads are root's, live outside every cell, and have neither executable nor files: asking for
  // those costs an exception each.
  const user = !before.kernelThread;
  const status = user ? statusOf(`${dir}/status`) : { uid: 0, cellPid: pid };
  const exe = user ? (readLink(`${dir}/exe`) ?? "") : "";
  const cmdline = user ? cmdlineOf(`${dir}/cmdline`) : [];
  const cgroup = user ? cgroupOf(readProc(`${dir}/cgroup`)) : "";
  const pidns = inodeIn(readLink(`${dir}/ns/pid`), "pid");
  const sockets = user ? heldSockets(pid, wanted) : [];
  const netns = inodeIn(readLink(`${dir}/ns/net`), "net");
  const after = readAfter();
  const complete = status !== null && netns !== null && pidns !== null && (exe !== "" || !user);
  // A program without address randomisation starts at the same address as the next: the changed name hints at an
  // exec, the executable decides.
  const renamed = after !== null && after.comm !== before.comm;
  const sameProgram = !renamed || !user || readLink(`${dir}/exe`) === exe;
  const stable = after !== null && sameStat(before, after) && sameProgram && !isDead(after) && complete;
  const row: ProcessRow = {
    bootId: host.bootId,
    pid,
    cellPid: status?.cellPid ?? 0,
    ppid: before.ppid,
    startTick: before.startTick,
    startedAt: new Date(host.bootTimeMs + (before.startTick * 1000) / TICKS_PER_SECOND).toISOString(),
    uid: status?.uid ?? 0,
    comm: boundedText(before.comm, 64),
    exe: boundedText(exe, 512),
    cmdline,
    cgroup,
    netns: netns ?? "",
    pidns: pidns ?? "",
    stable,
  };
  return { row, sockets, dead: isDead(before) };
}

/** Names that the kernel is asked for at once. */
const NAMES_AT_ONCE = 128;

/**
 * A process's descriptors, one read a step: the inode of one that is a wanted socket, null for any other. For whoever must not hold
 * its thread for as long as a process with a great many takes, or reads only so many: the folder is read as far as the caller goes.
 */
export function* socketsAmong(pid: number, wanted: ReadonlySet<string>): Generator<string | null, void> {
  const path = `/proc/${pid}/fd`;
  let folder: Dir | undefined;
  try {
    folder = opendirSync(path, { bufferSize: NAMES_AT_ONCE });
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const inode = inodeIn(readLink(`${path}/${entry.name}`), "socket");
      yield inode !== null && wanted.has(inode) ? inode : null;
    }
  } catch {
    // The process is gone, or not to be read.
  } finally {
    folder?.closeSync();
  }
}

/**
 * Those wanted among a process's open sockets; every descriptor is looked at, no owner is left out. For the snapshot worker: a
 * process may have as many as its limit allows.
 */
export function heldSockets(pid: number, wanted: Wanted): string[] {
  if (wanted !== "all" && wanted.size === 0) return [];
  const held = new Set<string>();
  const dir = `/proc/${pid}/fd`;
  for (const fd of listProc(dir)) {
    const inode = inodeIn(readLink(`${dir}/${fd}`), "socket");
    if (inode !== null && (wanted === "all" || wanted.has(inode))) held.add(inode);
  }
  return [...held];
}

function statOf(fd: number): ProcStat | null {
  const bytes = rereadProc(fd, 4096);
  return bytes === null ? null : parseStat(bytes);
}

function statusOf(path: string) {
  const bytes = readProc(path);
  return bytes === null ? null : parseStatus(bytes);
}

/** At most 32 arguments of 512 characters: free text of the process. */
function cmdlineOf(path: string): string[] {
  const bytes = readProc(path, 16_384);
  if (bytes === null || bytes.length === 0) return [];
  const text = bytes.toString("utf8", 0, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length);
  return text.split("\0", 32).map((argument) => boundedText(argument, 512));
}

/** The unified (v2) path where there is one, else all v1 lines joined by `;`. */
function cgroupOf(bytes: Buffer | null): string {
  if (bytes === null) return "";
  const text = bytes.toString("utf8").trimEnd();
  const unified = /^0::(\/.+)$/m.exec(text)?.[1];
  return boundedText(unified ?? text.replaceAll("\n", ";"), 512);
}
