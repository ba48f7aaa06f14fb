import { snapshotSchema, type ProcessRow, type Snapshot } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { fitSnapshot, SNAPSHOT_BYTES } from "./fit-snapshot.ts";

const row = (pid: number, argument: string): ProcessRow => ({
  bootId: "b",
  pid,
  cellPid: pid,
  ppid: 1,
  startTick: pid,
  startedAt: "2026-01-01T00:00:00.000Z",
  uid: 0,
  comm: "x",
  exe: "/usr/bin/x",
  cmdline: Array.from({ length: 32 }, () => argument),
  cgroup: "/",
  netns: "1",
  pidns: "2",
  stable: true,
});
const snapshot = (processes: number, listeners: number, argument = "a".repeat(512)): Snapshot => ({
  bootId: "b",
  takenAt: "2026-01-01T00:00:00.000Z",
  tookMs: 1,
  processes: Array.from({ length: processes }, (_, i) => row(i + 1, argument)),
  listeners: Array.from({ length: listeners }, (_, i) => ({
    family: "ipv4" as const,
    address: "127.0.0.1",
    port: 1000 + i,
    inode: String(i),
    netns: "1",
    // Owned by the last process: the first one that a careless cut would lose.
    owners: [{ bootId: "b", pid: processes, startTick: processes }],
  })),
  unstable: 0,
  cut: 0,
});
const bytes = (s: Snapshot) => Buffer.byteLength(JSON.stringify(s));

describe("fitting a snapshot into a record", () => {
  it("leaves an ordinary one as it is", () => {
    const small = snapshot(20, 3, "node");
    expect(fitSnapshot(small)).toEqual(small);
  });

  it("shortens command lines before it leaves anything out", () => {
    const fitted = fitSnapshot(snapshot(200, 2));
    expect(bytes(fitted)).toBeLessThanOrEqual(SNAPSHOT_BYTES);
    expect(fitted.processes).toHaveLength(200);
    expect(fitted.cut).toBe(0);
  });

  it("keeps the owners of listeners when a flood must be cut, and counts what it cut", () => {
    const flood = snapshot(2000, 2000, "\u0000".repeat(512));
    const fitted = fitSnapshot(flood);
    expect(bytes(fitted)).toBeLessThanOrEqual(SNAPSHOT_BYTES);
    expect(snapshotSchema.safeParse(fitted).success).toBe(true);
    expect(fitted.processes.at(-1)?.pid).toBe(2000);
    expect(fitted.unstable).toBe(0);
    const left =
      flood.processes.length - fitted.processes.length + flood.listeners.length - fitted.listeners.length;
    expect(left).toBeGreaterThan(0);
    expect(fitted.cut).toBe(left);
  });

  it("takes all owners from a listener with too many: none that speaks against it is lost alone", () => {
    const crowd = snapshot(2000, 1);
    const owners = crowd.processes.map(({ bootId, pid, startTick }) => ({ bootId, pid, startTick }));
    const fitted = fitSnapshot({ ...crowd, listeners: crowd.listeners.map((l) => ({ ...l, owners })) });
    expect(fitted.listeners.map((l) => l.owners)).toEqual([[]]);
    expect(fitted.cut).toBeGreaterThanOrEqual(2000);
  });

  it("adds to what the snapshot itself lacked", () => {
    expect(fitSnapshot({ ...snapshot(20, 3, "node"), cut: 4 }).cut).toBe(4);
  });
});
