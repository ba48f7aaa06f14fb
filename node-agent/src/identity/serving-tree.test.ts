import type { ProcessRow } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { processTree } from "./serving-tree.ts";

const row = (pid: number, ppid: number, startTick = pid): ProcessRow => ({
  bootId: "b",
  pid,
  cellPid: pid,
  ppid,
  startTick,
  startedAt: "",
  uid: 1000,
  comm: "",
  exe: "",
  cmdline: [],
  cgroup: "/",
  netns: "1",
  pidns: "2",
  stable: true,
});
const key = (pid: number, startTick = pid) => ({ bootId: "b", pid, startTick });
const pids = (rows: readonly ProcessRow[], ...owners: ReturnType<typeof key>[]) =>
  processTree(rows, owners).map((p) => p.pid);

describe("serving", () => {
  const rows = [row(1, 0), row(10, 1), row(11, 10), row(12, 11), row(20, 1), row(21, 20)];

  it("takes owners and all below them, and neither parents nor siblings", () => {
    expect(pids(rows, key(10))).toEqual([10, 11, 12]);
    expect(pids(rows, key(11))).toEqual([11, 12]);
    expect(processTree(rows, [key(12)])).toEqual([row(12, 11)]);
  });

  it("takes several owners, each process once", () => {
    expect(pids(rows, key(21), key(10), key(11))).toEqual([10, 11, 12, 21]);
  });

  it("knows an owner by its start, not by its number alone", () => {
    expect(pids(rows, key(10, 9))).toEqual([]);
    expect(pids(rows, { ...key(10), bootId: "c" })).toEqual([]);
    expect(pids(rows, key(99))).toEqual([]);
  });

  it("leaves out a child that is older than its parent: that number was another's", () => {
    expect(pids([row(10, 1, 500), row(11, 10, 400), row(12, 10, 500)], key(10, 500))).toEqual([10, 12]);
  });

  it("ends where rows name each other as parents", () => {
    expect(pids([row(10, 11, 5), row(11, 10, 5), row(12, 12, 5)], key(10, 5), key(12, 5))).toEqual([
      10, 11, 12,
    ]);
  });
});
