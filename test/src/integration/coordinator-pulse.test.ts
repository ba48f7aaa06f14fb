import { describe, expect, it } from "vitest";
import { startBench, startsOf, studyOf } from "../kit/coordinator-bench.ts";
import type { FakeNode } from "../kit/fake-node.ts";
import { until } from "../kit/until.ts";

const FAST = { REDLINE_PULSE_MS: "200", REDLINE_LEASE_MS: "60000" };
const liveOf = (node: FakeNode) => (node.pulses.at(-1)?.live ?? []).map((l) => `${l.trial}.${l.attempt}`);
const noneRefused = (nodes: readonly FakeNode[]) =>
  expect(nodes.flatMap((n) => n.refusedCommands)).toEqual([]);

describe.concurrent("the coordinator's pulse", () => {
  it("reaches every node in growing beats, with the attempts that may live there and no other", async () => {
    await using b = await startBench(FAST, { runMs: Infinity, slots: 1 });
    await until("beats where nothing runs", () => b.nodes.every((n) => n.pulses.length >= 3));
    expect(b.nodes.flatMap(liveOf)).toEqual([]);
    const id = await b.submit(studyOf({ trials: 1 }));
    const running = await until("the trial runs", async () => {
      const [trial] = await b.trialsOf(id);
      return trial?.state === "running" ? trial : null;
    });
    const held: readonly string[] = Object.values(running.attempts[0]?.devices ?? {});
    await until("it is named on both of its nodes", () =>
      b.nodes.every((n) => liveOf(n).length === (held.includes(n.node) ? 1 : 0)),
    );
    await b.coordinator.post(`/api/studies/${id}/cancel`, { who: "test", why: "enough" });
    await until("it is named no more", () => b.nodes.every((n) => liveOf(n).length === 0));
    for (const { pulses } of b.nodes) {
      const beats = pulses.map(({ beat }) => beat);
      expect(beats).toEqual(beats.toSorted((x, y) => x - y));
      expect(new Set(beats).size).toBe(beats.length);
    }
    noneRefused(b.nodes);
  });

  it("goes on in a higher term after kill -9, and names at once what runs", async () => {
    await using b = await startBench(FAST, { runMs: Infinity, slots: 1 });
    await b.submit(studyOf({ trials: 3, scenario: "local-copy" }));
    await until("three run", () => startsOf(b.nodes).length === 3);
    await until("all are named", () => b.nodes.every((n) => liveOf(n).length === 1));
    await b.coordinator.end("SIGKILL");
    const before = b.nodes.map((n) => n.pulses.length);
    await b.coordinator.start();
    await until("beats of the new term", () => b.nodes.every((n) => n.pulses.at(-1)?.epoch === 2));
    for (const [i, node] of b.nodes.entries()) {
      const after = node.pulses.slice(before[i]);
      // The very first beat of the term: what it leaves out would be ended.
      expect(after[0]).toMatchObject({ epoch: 2, beat: 1, live: [{ attempt: 1 }] });
      for (const { epoch, live } of after) expect([epoch, live.length]).toEqual([2, 1]);
    }
    noneRefused(b.nodes);
  });

  it("goes on after the NATS server was away, and never twice with one beat", async () => {
    await using b = await startBench(FAST);
    await until("beats", () => b.nodes.every((n) => n.pulses.length >= 1));
    await b.nats.kill();
    await b.nats.start();
    const before = b.nodes.map((n) => n.pulses.length);
    await until("more beats", () => b.nodes.every((n, i) => n.pulses.length >= (before[i] ?? 0) + 2));
    for (const { pulses } of b.nodes) {
      const beats = pulses.map(({ beat }) => beat);
      expect(beats).toEqual([...new Set(beats)].toSorted((x, y) => x - y));
    }
    noneRefused(b.nodes);
  });
});
