import { nodeRecordSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { LoopTurns, WARM_TURNS } from "./loop-turns.ts";

const record = (trial: string, event: string) =>
  nodeRecordSchema.parse({
    v: 1,
    seq: 1,
    prev: "0".repeat(64),
    node: "bench",
    bootId: "b",
    at: "2026-01-01T00:00:00.000Z",
    monoMs: 1,
    key: { trial, attempt: 1, epoch: 1 },
    body: { kind: "agent-event", event: { event } },
  });

describe("turns a second", () => {
  it("are those of all trials while all of them run, warm", () => {
    const turns = new LoopTurns();
    // One turn every 10 ms; the second trial begins 100 ms later and goes on for longer.
    for (let n = 0; n < 120; n += 1) turns.take(record("bench-1", "turn"), n * 10);
    for (let n = 0; n < 300; n += 1) turns.take(record("bench-2", "turn"), 100 + n * 10);
    turns.take(record("bench-2", "result"), 101);
    expect(turns.perSecond()).toBeCloseTo(200, 0);
    expect(turns.count).toBe(420);
  });

  it("are none where nothing ran, or a run broke off", () => {
    const turns = new LoopTurns();
    expect(() => turns.perSecond()).toThrow("no turn");
    const body = { kind: "run-ended", end: "agent-crashed", detail: "exit 1", turns: 3, tokens: 0 };
    const ended = nodeRecordSchema.parse({ ...record("bench-1", "turn"), body });
    expect(() => turns.take(ended, 1)).toThrow("bench-1 ended as agent-crashed after 3 turns: exit 1");
  });

  it("are not known where the trials came one after the other", () => {
    const turns = new LoopTurns();
    for (let n = 0; n < WARM_TURNS + 5; n += 1) turns.take(record("bench-1", "turn"), n);
    for (let n = 0; n < WARM_TURNS + 5; n += 1) turns.take(record("bench-2", "turn"), 1000 + n);
    expect(() => turns.perSecond()).toThrow("side by side");
  });
});
