import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BareNode } from "../lifeline/lifeline-fixture.ts";
import { Census } from "./census.ts";
import { endBeyondCap } from "./caps.ts";
import type { CensusProcess } from "./instances.ts";
import { startOf } from "./read-members.ts";
import { Orphans } from "./orphans.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
async function sleeper(): Promise<{ pid: number; ended: Promise<unknown> }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  children.push(child);
  await once(child, "spawn");
  return { pid: child.pid ?? 0, ended: once(child, "exit") };
}
const seen = async (listens: string) => {
  const { pid, ended } = await sleeper();
  const start = startOf(pid);
  if (start === null) throw new Error("no process");
  return { ended, process: { pid, ...start, listens: [listens] } };
};

describe("the cap", () => {
  it("ends the newest copies beyond it, over all cells of the attempt, and nothing that took their number", async () => {
    const node = new BareNode();
    const part = node.part("a", "target");
    const other = node.part("a", "origin");
    part.mostCopies = 1;
    const [old, young, reused] = [await seen("a"), await seen("b"), await seen("c")];
    const counted = (of: typeof part, ...all: (typeof old)[]) => ({
      cell: node.cell("a-1-t"),
      part: of,
      sinceTick: 0,
      processes: all.map((p) => p.process),
      partly: false,
      instances: all.map(({ process }) => ({ processes: [process], startTick: process.startTick })),
    });
    const gone = {
      ...reused,
      process: { ...reused.process, startTick: reused.process.startTick + 1_000_000 },
    };
    // Of starts within one tick the order given decides.
    const group = [counted(other, old), counted(part, young, gone)];
    expect(endBeyondCap(group)).toEqual({
      processes: 1,
      detail: "3 live copies where at most 1 may be; the newest 2 were ended",
    });
    await young.ended;
    expect(startOf(old.process.pid)).not.toBeNull();
    expect(startOf(reused.process.pid)).not.toBeNull();
    expect(endBeyondCap([counted(other, old)])).toBeNull();
    part.generation = 3;
    expect(endBeyondCap([counted(part, old)])?.processes).toBe(1);
    await old.ended;
  });
});

describe("cells that the census ends", () => {
  /** A node with one attempt in its run, and what each look sees in its cell. */
  const setup = (look: () => { processes: CensusProcess[]; partly: boolean }) => {
    const node = new BareNode();
    const part = node.part("a", "target");
    part.phase = "watch";
    part.copiesSinceS = 0;
    part.mostCopies = 1;
    const bare = node.cell("a-1-t");
    const reasons: (string | undefined)[] = [];
    const cell = {
      ...bare,
      empty: (reason?: string) => {
        reasons.push(reason);
        return bare.empty();
      },
    };
    node.cells = [cell];
    const eyes = { look: () => Promise.resolve({ placed: [], cells: [look()] }) };
    const host = { bootId: "", bootTimeMs: 0, ownPid: 1, ownNetns: "own", ownPidns: "own" };
    const census = new Census({ ...node.parts, host, eyes });
    const breaches = () => node.records.flatMap(({ body }) => (body.kind === "breach" ? [body] : []));
    return { census, reasons, breaches };
  };
  // No process of this number: the look's kill finds nothing to end.
  const copies = (count: number): CensusProcess[] =>
    Array.from({ length: count }, (_, i) => ({
      ...{ pid: 2 ** 30 + i, ppid: 1, startTick: 100 + i, listens: [`s${i}`] },
    }));

  it("are told apart: what is over its cap at the third look is emptied as over-cap", async () => {
    const { census, reasons, breaches } = setup(() => ({ processes: copies(2), partly: false }));
    await census.look();
    await census.look();
    expect(reasons).toEqual([]);
    await census.look();
    expect(reasons).toEqual(["over-cap"]);
    expect(breaches()).toHaveLength(3);
  });

  it("holds too many descriptors to be counted in three looks in a row: limit", async () => {
    let partly = true;
    const { census, reasons, breaches } = setup(() => ({ processes: copies(1), partly }));
    await census.look();
    await census.look();
    partly = false;
    await census.look();
    partly = true;
    await census.look();
    await census.look();
    expect([reasons, breaches()]).toEqual([[], []]);
    await census.look();
    expect(reasons).toEqual(["limit"]);
    expect(breaches()).toEqual([
      {
        kind: "breach",
        breach: "over-cap",
        detail:
          "cell a-1-t holds more than 20000 descriptors: its copies were counted in part, in 3 looks in a row; it was emptied",
        killed: 1,
      },
    ]);
  });
});

describe("orphans", () => {
  const setup = (networks = "/nowhere") => {
    const node = new BareNode();
    const options = { ...node.parts, host: { ownNetns: "own" }, networks };
    return { node, orphans: new Orphans(options) };
  };
  const lives = (netns: string, pid = 4_000_000) => ({ placed: [{ pid, netns, pidns: "x" }], cells: [] });

  it("are cells of attempts without a part, at the second look, once", async () => {
    const { node, orphans } = setup();
    node.cell("a-1-o");
    node.cell("calibration-255");
    const look = lives("net-a-1-o");
    expect(await orphans.end(look)).toEqual([]);
    expect(await orphans.end(look)).toEqual([
      { detail: "cell a-1-o had no live attempt; it was emptied", killed: 1 },
    ]);
    expect(node.events).toEqual(["empty a-1-o"]);
    expect(await orphans.end(look)).toEqual([]);
  });

  it("are not cells whose part lives, nor empty ones", async () => {
    const { node, orphans } = setup();
    node.cell("a-1-t");
    node.part("a", "target");
    node.cell("b-1-o");
    for (let i = 0; i < 3; i++) expect(await orphans.end(lives("net-a-1-t"))).toEqual([]);
    expect(node.events).toEqual([]);
  });

  it("are processes in a network of ours that is no cell's, once no build can hold it", async () => {
    const dir = mkdtempSync(join(tmpdir(), "redline-networks-"));
    try {
      const { node, orphans } = setup(dir);
      const { pid, ended } = await sleeper();
      // The name of a namespace that is this process's own stands in for one.
      symlinkSync("/proc/self/ns/net", join(dir, "redline-7"));
      symlinkSync("/proc/self/ns/net", join(dir, "other"));
      const { statSync } = await import("node:fs");
      const look = lives(String(statSync("/proc/self/ns/net").ino), pid);
      expect(await orphans.end(look)).toEqual([]);
      node.now += 29_999;
      expect(await orphans.end(look)).toEqual([]);
      node.now += 1;
      expect(await orphans.end(look)).toEqual([
        { detail: "1 processes in redline-7, which is no cell's", killed: 1 },
      ]);
      await ended;
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
