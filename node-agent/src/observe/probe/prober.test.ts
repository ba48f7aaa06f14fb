import { spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { Prober } from "./prober.ts";
import type { ProberJob } from "./prober-job.ts";

const JOB: ProberJob = {
  do: "once",
  plan: { port: 1, addresses: ["127.0.0.1"], read: "plain", nonce: "", timeoutMs: 1 },
};
const LIMITS = { limitMs: 60_000, maxOutputChars: 1000 };

/** `order` is what the daemon wrote; `say` writes a line. */
const childOf = (onOrder: string) =>
  spawn(
    process.execPath,
    [
      "-e",
      `const say = (line) => process.stdout.write((typeof line === "string" ? line : JSON.stringify(line)) + "\\n");
const rl = require("node:readline").createInterface({ input: process.stdin });
rl.on("line", (text) => { const order = JSON.parse(text); ${onOrder} });
rl.on("close", () => process.exit(0));`,
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );

const children: ReturnType<typeof childOf>[] = [];
const proberOf = (onOrder: string, idleMs?: number) => {
  const child = childOf(onOrder);
  children.push(child);
  const state = { ends: 0 };
  return { state, child, prober: new Prober(child, "tool", () => (state.ends += 1), idleMs) };
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

describe("a prober", () => {
  it("gives each job its own results, whichever is over first", async () => {
    const { prober } = proberOf(
      `if (order.id === 0) say({ id: 0, result: "a0" });
       if (order.id === 1) { say({ id: 1, result: "b0" }); say({ id: 1, over: "" }); say({ id: 0, result: "a1" }); say({ id: 0, over: "" }); }`,
    );
    const [a, b] = await Promise.all([prober.run(JOB, LIMITS), prober.run(JOB, LIMITS)]);
    expect(a).toEqual({ ok: true, results: ["a0", "a1"] });
    expect(b).toEqual({ ok: true, results: ["b0"] });
  });

  it("says why a job failed, and goes on with the next", async () => {
    const { prober, state } = proberOf(`say({ id: order.id, over: order.id === 0 ? "no plan" : "" });`);
    expect(await prober.run(JOB, LIMITS)).toEqual({ ok: false, why: "prober: no plan" });
    expect(await prober.run(JOB, LIMITS)).toEqual({ ok: true, results: [] });
    expect(state.ends).toBe(0);
  });

  it.each([
    ["a line that is no JSON", `say("garbage");`],
    ["a line of a job that nobody gave", `say({ id: 7, result: 1 });`],
    ["a result without end", `say({ id: 0, result: "x".repeat(2000) });`],
    ["its own end", `process.exit(3);`],
    ["a line that never ends", `process.stdout.write("x".repeat(17 * 1024 * 1024));`],
  ])("that comes with %s fails all its jobs and takes no more", async (_, onOrder) => {
    const { prober, state } = proberOf(`if (order.id === 1) { ${onOrder} }`.replace("id: 0", "id: 1"));
    const both = await Promise.all([prober.run(JOB, LIMITS), prober.run(JOB, LIMITS)]);
    for (const answer of both) {
      expect(answer.ok).toBe(false);
      expect(answer).toHaveProperty("why", expect.stringContaining("prober ended"));
    }
    expect(state.ends).toBe(1);
    expect(await prober.run(JOB, LIMITS)).toMatchObject({ ok: false });
  });

  it("is killed when a job is not over in time", async () => {
    const { prober } = proberOf("");
    const answer = await prober.run(JOB, { ...LIMITS, limitMs: 50 });
    expect(answer).toHaveProperty("why", expect.stringContaining("SIGKILL"));
  });

  it("gives a job up that is called off, and keeps the other", async () => {
    const { prober, state } = proberOf(
      `if (order.job === undefined) { say({ id: order.id, over: "" }); say({ id: 1, result: 1 }); say({ id: 1, over: "" }); }`,
    );
    const stop = new AbortController();
    const off = prober.run(JOB, { ...LIMITS, signal: stop.signal });
    const other = prober.run(JOB, LIMITS);
    stop.abort();
    expect(await off).toEqual({ ok: false, why: "prober ended (aborted)" });
    expect(await other).toEqual({ ok: true, results: [1] });
    expect(state.ends).toBe(0);
  });

  it("is killed when it does not give a job up", async () => {
    const { prober, state } = proberOf("");
    const stop = new AbortController();
    const off = prober.run(JOB, { ...LIMITS, signal: stop.signal });
    stop.abort();
    expect(await off).toMatchObject({ ok: false });
    expect(state.ends).toBe(1);
  });

  it("puts nothing for a signal that has aborted", async () => {
    const { prober } = proberOf("process.exit(9);");
    const answer = await prober.run(JOB, { ...LIMITS, signal: AbortSignal.abort() });
    expect(answer).toEqual({ ok: false, why: "prober not asked: aborted" });
  });

  it("names the tool that could not be run", async () => {
    const child = spawn("/nonexistent", [], { stdio: ["pipe", "pipe", "pipe"] });
    const answer = await new Prober(child, "tool", () => undefined).run(JOB, LIMITS);
    expect(answer).toEqual({ ok: false, why: "tool: spawn /nonexistent ENOENT" });
  });

  it("ends by itself when nobody asked for a while", async () => {
    const { prober, child, state } = proberOf(`say({ id: order.id, over: "" });`, 50);
    await prober.run(JOB, LIMITS);
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect([code, state.ends]).toEqual([0, 1]);
  });
});
