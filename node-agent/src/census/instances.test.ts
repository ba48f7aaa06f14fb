import { describe, expect, it } from "vitest";
import { instancesOf, originalAgent, withDescendants, type CensusProcess } from "./instances.ts";

const SINCE = 1000;
const at = (pid: number, startTick: number, listens: string[] = [], ppid = 1): CensusProcess => ({
  pid,
  ppid,
  startTick,
  listens,
});
const pidsOf = (processes: readonly CensusProcess[], agent: CensusProcess | null = null) =>
  instancesOf(processes, SINCE, agent).map((i) => i.processes.map((p) => p.pid));

describe("live copies in a cell", () => {
  it("are what started later and listens; sshd and the original are older", () => {
    const cell = [
      at(2, 10, ["22"]),
      at(3, 500, ["8000"]),
      at(10, 1200, ["9001"]),
      at(11, 1300),
      at(9, 1100, ["9000"]),
    ];
    expect(pidsOf(cell)).toEqual([[9], [10]]);
  });

  it("are one where they share one socket: a server with its workers", () => {
    expect(pidsOf([at(10, 1200, ["a"]), at(11, 1300, ["a"]), at(12, 1301, ["a"])])).toEqual([[10, 11, 12]]);
  });

  it("are as many as their sockets where they share several, also by a third", () => {
    expect(pidsOf([at(10, 1200, ["a"]), at(11, 1300, ["b"]), at(12, 1301, ["a", "b"])])).toEqual([
      [10],
      [11, 12],
    ]);
    expect(pidsOf([at(10, 1200, ["a", "x"])])).toEqual([[10]]);
  });

  it("are not hidden by inheriting each other's sockets", () => {
    const sockets = Array.from({ length: 10 }, (_, i) => `s${i}`);
    const copies = sockets.map((_, i) => at(10 + i, 1200 + i, sockets));
    expect(pidsOf(copies)).toEqual(copies.map(({ pid }) => [pid]));
    // Those that hold some of them only are as many.
    expect(pidsOf(copies.map((copy, i) => ({ ...copy, listens: sockets.slice(0, i + 1) })))).toHaveLength(10);
  });

  it("are not hidden by an older process that shares one of their sockets", () => {
    const cell = [at(3, 500, ["8000"]), at(20, 2000, ["8000"]), at(21, 2001, ["8000", "9000"])];
    expect(pidsOf(cell)).toEqual([[21]]);
  });

  it("are not hidden behind a parent that listens", () => {
    expect(pidsOf([at(10, 1200, ["a"]), at(11, 1300, ["b"], 10), at(12, 1400, ["c"], 10)])).toHaveLength(3);
  });

  it("are without the original's agent, the first of the run, and with the copies it starts", () => {
    const cell = [at(2, 10), at(8, 1001, ["8001"], 2), at(9, 1500, ["9000"], 8)];
    const agent = originalAgent(cell, SINCE);
    expect(agent?.pid).toBe(8);
    expect(pidsOf(cell, agent)).toEqual([[9]]);
  });

  it("end with all that descends from them", () => {
    const all = [at(10, 1200, ["a"]), at(11, 1300, [], 10), at(12, 1300, [], 11), at(13, 1300, [], 2)];
    expect(withDescendants(all.slice(0, 1), all).map((p) => p.pid)).toEqual([10, 11, 12]);
  });
});
