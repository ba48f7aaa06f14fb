import type { ListenerRow, ProcessRow, Snapshot } from "@redline/shared";

/** The init of the cell that the rows below are of. */
export const INIT = 10;

export const processRow = (pid: number, exe: string, ppid = INIT): ProcessRow => ({
  bootId: "b",
  pid,
  cellPid: pid - INIT + 1,
  ppid,
  startTick: pid * 100,
  startedAt: "2026-01-01T00:00:00.000Z",
  uid: 0,
  comm: "x",
  exe,
  cmdline: [exe],
  cgroup: "/",
  netns: "1",
  pidns: "2",
  stable: true,
});

/** One of a process that `processRow` gives. */
export const listenerRow = (port: number, pid: number): ListenerRow => ({
  family: "ipv4",
  address: "127.0.0.1",
  port,
  inode: String(port),
  netns: "1",
  owners: [{ bootId: "b", pid, startTick: pid * 100 }],
});

export const snapshotOf = (processes: ProcessRow[], listeners: ListenerRow[] = []): Snapshot => ({
  bootId: "b",
  takenAt: "2026-01-01T00:00:00.000Z",
  tookMs: 1,
  processes,
  listeners,
  unstable: 0,
  cut: 0,
});

/** What is in a cell before anybody did anything. */
export const emptyCellRows = [processRow(INIT, "/usr/bin/bash", 1), processRow(11, "/usr/sbin/sshd")];
