import { createLogger } from "@redline/daemon";
import { nodeIdSchema, type NodeRecordBody, type SelfTest } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { NodeFitness, type NodeFitnessOptions } from "./node-fitness.ts";

const report = (green: boolean, bootId = "b1"): SelfTest => ({
  bootId,
  driver: "d",
  green,
  cases: [{ id: "x", outcome: green ? "stopped" : "escaped", by: "", detail: "" }],
  tookMs: 1,
});
const scripted = { brain: { provider: "scripted" as const, behaviour: "refuses" as const } };
const real = {
  brain: {
    provider: "ollama" as const,
    host: "http://127.0.0.1:11434",
    model: "m",
    overflow: "end" as const,
  },
};

function fitness(more: Partial<NodeFitnessOptions> = {}) {
  const written: NodeRecordBody[] = [];
  const made = new NodeFitness({
    bootId: "b1",
    last: null,
    quarantined: () => null,
    suite: () => Promise.resolve(report(true)),
    log: {
      node: nodeIdSchema.parse("n1"),
      write: (body) => {
        written.push(body);
        return Promise.resolve(written.length);
      },
    },
    logger: createLogger("test", "fatal"),
    now: () => new Date(0),
    onChange: () => undefined,
    ...more,
  });
  return { made, written };
}
const signal = new AbortController().signal;

describe("NodeFitness", () => {
  it("takes scripted controls without a self-test, and no real model", () => {
    const { made } = fitness();
    expect(made.refuse(scripted)).toBeNull();
    expect(made.refuse(real)?.fault).toBe("node-unfit");
    expect(made.refuse(real)?.why).toContain("redline node selftest n1");
  });

  it("takes a real model after a green self-test of this boot, and none after a red one", async () => {
    let green = true;
    const { made, written } = fitness({ suite: () => Promise.resolve(report(green)) });
    await made.runSelfTest(signal);
    expect(made.refuse(real)).toBeNull();
    green = false;
    await made.runSelfTest(signal);
    expect(made.refuse(real)?.fault).toBe("node-unfit");
    expect(made.selfTest?.escaped).toEqual(["x"]);
    expect(written.map(({ kind }) => kind)).toEqual(["self-test", "self-test"]);
  });

  it("remembers the self-test of this boot over a restart, and none of another", () => {
    const last = { at: "2026-01-01T00:00:00Z", report: report(true) };
    expect(fitness({ last }).made.refuse(real)).toBeNull();
    expect(fitness({ last: { ...last, report: report(true, "b0") } }).made.refuse(real)).not.toBeNull();
  });

  it("is red when the suite cannot run", async () => {
    const { made, written } = fitness({ suite: () => Promise.reject(new Error("no tools")) });
    const outcome = await made.runSelfTest(signal);
    expect(outcome?.green).toBe(false);
    expect(JSON.stringify(written)).toContain("no tools");
    expect(made.green).toBe(false);
  });

  it("runs one suite at a time", async () => {
    let runs = 0;
    const { made } = fitness({
      suite: async () => {
        runs += 1;
        await Promise.resolve();
        return report(true);
      },
    });
    await Promise.all([made.runSelfTest(signal), made.runSelfTest(signal)]);
    expect(runs).toBe(1);
  });

  it("does not count a suite that was given up, however it ended", async () => {
    const last = { at: "2026-01-01T00:00:00Z", report: report(true) };
    for (const end of [() => Promise.resolve(report(false)), () => Promise.reject(new Error("no cell"))]) {
      const seen: boolean[] = [];
      const { made, written } = fitness({
        last,
        suite: async (given) => {
          await new Promise((resolve) => given.addEventListener("abort", resolve));
          seen.push(given.aborted);
          return end();
        },
      });
      const running = made.runSelfTest(signal);
      made.abort(new Error("killed"));
      await made.idle();
      expect([seen, made.running]).toEqual([[true], false]);
      expect([await running, written, made.green]).toEqual([null, [], true]);
    }
  });

  it("takes nothing at all in quarantine", () => {
    const { made } = fitness({ quarantined: () => "a survivor" });
    expect(made.refuse(scripted)).toEqual({ fault: "node-quarantined", why: "a survivor" });
  });
});
