import { nodeRecordSchema, type NodeRecord } from "@redline/shared";
import { expect, it } from "vitest";
import { challengeTimes } from "./challenge-steps.ts";

const copy = { model: 8760, agent: 8761 };
const WALL = Date.parse("2026-01-01T00:00:00.000Z");
/** When each node's daemon started, ms: its monotonic clock begins there. */
const STARTED = { alpha: -5000, beta: -90_000 };

function record(node: keyof typeof STARTED, ms: number, seq: number, body: unknown): NodeRecord {
  return nodeRecordSchema.parse({
    v: 1,
    node,
    seq,
    prev: "0".repeat(64),
    bootId: "b",
    // Cut to the millisecond, as a daemon writes it.
    at: new Date(WALL + Math.floor(ms)).toISOString(),
    monoMs: ms - STARTED[node],
    body,
  });
}
const target = (ms: number, seq: number, body: unknown, generation?: number) =>
  record("beta", ms, seq, {
    kind: "observation",
    device: "target",
    ...(generation === undefined ? {} : { generation }),
    body,
  });
const origin = (ms: number, seq: number, body: unknown) =>
  record("alpha", ms, seq, { kind: "observation", device: "origin", body });
const sample = (of: "original" | "copy") => ({
  kind: "sample",
  ...(of === "copy" ? { copy } : {}),
  file: "tiny.gguf",
  sample: { nonce: "n", size: 1, blockBytes: 1, blocks: 1, sha256: "a".repeat(64) },
});
const weights = { kind: "weights", copy, processes: [], files: [], reads: [], remotes: [] };
const probes = (moment: string) => ({ kind: "probes", moment, probes: [] });
const ended = record("alpha", 0, 7, {
  kind: "run-ended",
  end: "finished",
  detail: "",
  turns: 1,
  tokens: 0,
});

it("gives the time before a record to the record's step, over the clocks of two nodes", () => {
  const { totalMs, steps, untested } = challengeTimes([
    target(-50, 3, { kind: "sweep", appeared: [], gone: [] }),
    ended,
    target(100, 4, { kind: "sessions-closed", sessions: 0, survivors: [] }),
    target(300, 5, probes("after-run")),
    // By itself, in the middle of a step: no step of its own.
    target(310, 6, { kind: "opened", process: { bootId: "b", pid: 2, startTick: 2 }, path: "/w", size: 1 }),
    origin(320, 8, sample("original")),
    target(350, 7, weights),
    target(360, 8, sample("copy")),
    origin(760, 9, { kind: "canaries", copy, of: "original", canaries: [] }),
    target(1000, 9, { kind: "scores", copy, by: "copy", scores: [] }),
    target(1100, 10, { kind: "untested", claim: "same-model", why: "no logprobs" }),
    target(2100, 11, probes("rest-frozen")),
    target(2200, 12, { kind: "link", state: "down", verified: true, tookMs: 1 }),
    target(2300, 13, probes("weights-away")),
    origin(2310, 10, sample("original")),
    target(5300, 14, probes("end-of-window")),
    target(5310, 15, sample("copy")),
    target(5400, 16, { kind: "drops", packets: 0, bytes: 0 }),
    // What the copy of the copy went through is another phase.
    target(9000, 17, probes("after-run"), 2),
  ]);
  expect(untested).toEqual(["same-model: no logprobs"]);
  const rounded = Object.fromEntries([...steps].map(([name, ms]) => [name, Math.round(ms)]));
  expect(rounded).toEqual({
    settle: 300,
    files: 60,
    canaries: 740,
    alone: 1000,
    "air gap": 100,
    "weights away": 100,
    window: 3100,
  });
  expect(Math.round(totalMs)).toBe(5400);
});

it("refuses an attempt whose run never ended", () => {
  expect(() => challengeTimes([target(1, 1, weights)])).toThrow("no run-ended");
});
