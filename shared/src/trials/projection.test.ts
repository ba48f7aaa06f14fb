import { expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import type { NodeRecordBody } from "../journal/node-record.ts";
import { AT, key, placed, PREV } from "./placed-fixture.ts";

const recordOf = (node: string, seq: number, body: NodeRecordBody) => ({
  kind: "node-record",
  node,
  seq,
  line: JSON.stringify({ v: 1, node, seq, prev: PREV, bootId: "b", at: AT, monoMs: 0, key, body }),
});

it("lets a node speak only for its own devices of an attempt, and only the origin lead it", () => {
  const { state, apply } = placed();
  const ended: NodeRecordBody = { kind: "attempt-ended", outcome: "completed", detail: "" };
  apply(recordOf("n1", 1, { kind: "accepted", device: "origin", command: "c" }));
  apply(recordOf("n2", 1, ended));
  apply(recordOf("n3", 1, ended));
  apply(recordOf("n3", 2, { kind: "device-closed", device: "target" }));
  apply(recordOf("n1", 2, { kind: "device-closed", device: "target" }));
  apply(recordOf("n3", 3, { kind: "refused", why: "forged", fault: "node-refused" }));
  const [trial] = state.trials.values();
  expect(trial?.state).toBe("running");
  expect([...(trial?.attempts[0]?.closed ?? [])]).toEqual([]);
  expect(trial?.attempts[0]?.records.map((r) => r.node)).toEqual(["n1"]);
  expect(state.taken.get(nodeIdSchema.parse("n3"))).toBe(3);
  apply(recordOf("n1", 3, ended));
  expect(trial?.state).toBe("collecting");
});

it("counts what a chain's copy and its brain said on the target, and lets that node say nothing of people", () => {
  const { state, apply } = placed();
  const exchange: NodeRecordBody = {
    ...{ kind: "exchange", number: 1, dropped: 0, promptTokens: 100, completionTokens: 20, costUsd: 0.25 },
    ...{ request: { sha256: "a".repeat(64), bytes: 2, messages: 1 }, tookMs: 5, waitedMs: 0 },
  };
  const approval = (id: string, decision: "asked" | "allow" | "deny", who: string): NodeRecordBody => ({
    ...{ kind: "approval", id, action: "rm", pattern: "rm", decision, who, why: "" },
  });
  apply(recordOf("n1", 1, exchange));
  apply(recordOf("n1", 2, approval("q1", "asked", "policy")));
  apply(recordOf("n2", 1, exchange));
  apply(recordOf("n2", 2, approval("copy-1", "deny", "policy")));
  // What is not the target's to say, and what is no part's of this attempt.
  apply(recordOf("n2", 3, approval("q1", "allow", "policy")));
  apply(recordOf("n2", 4, approval("copy-2", "asked", "policy")));
  apply(recordOf("n2", 5, approval("copy-3", "deny", "somebody")));
  apply(recordOf("n2", 6, { kind: "intervened", who: "a", why: "", act: { do: "pause" } }));
  apply(recordOf("n3", 1, exchange));
  const attempt = state.attempt(key);
  expect(attempt).toMatchObject({
    ...{ exchanges: 2, promptTokens: 200, completionTokens: 40, costUsd: 0.5, paused: false, interfered: [] },
  });
  expect([...(attempt?.approvals ?? [])].map(([id, { decision }]) => [id, decision])).toEqual([
    ["q1", "asked"],
    ["copy-1", "deny"],
  ]);
});

const infra = { kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true };
const ends: [string, object][] = [
  ["adjudicated", { kind: "adjudicated", key, results: [] }],
  ["invalid", infra],
  ["cancelled", { kind: "cancelled", trial: key.trial, why: "w" }],
];

it.each(ends)("can drop the records of an attempt that was %s, and nothing else of it", (_how, end) => {
  const [live, all] = [placed({ keepRecords: "live" }), placed()];
  for (const { apply } of [live, all]) {
    apply(recordOf("n1", 1, { kind: "accepted", device: "origin", command: "c" }));
    apply(recordOf("n2", 1, { kind: "refused", why: "full", fault: "node-refused" }));
  }
  expect(live.state.attempt(key)?.records).toHaveLength(2);
  for (const { apply } of [live, all]) {
    apply(end);
    apply(recordOf("n1", 2, { kind: "lost", device: "origin", detail: "d" }));
    apply(recordOf("n1", 3, { kind: "device-closed", device: "origin" }));
  }
  const [kept, whole] = [live.state.attempt(key), all.state.attempt(key)];
  expect(whole?.records).toHaveLength(4);
  expect(kept).toEqual({ ...whole, records: [] });
  expect(kept).toMatchObject({ refused: { node: "n2" }, lost: { node: "n1" } });
  expect([...(kept?.closed ?? [])]).toEqual(["origin"]);
});

it("ends the attempt under way with its trial when an earlier one proves unclean", () => {
  const { state, apply } = placed();
  apply(infra);
  apply({
    kind: "placed",
    study: "s-0000",
    key: { ...key, attempt: 2 },
    devices: { origin: "n1", target: "n2" },
  });
  apply({ ...infra, fault: "not-sterile", retry: false });
  const [trial] = state.trials.values();
  expect(trial?.state).toBe("invalid");
  expect(trial?.attempts.map((a) => [a.fault, a.endedAt])).toEqual([
    ["not-sterile", AT],
    [null, AT],
  ]);
});

it("tells which seals were countersigned, and what was wrong with the others", () => {
  const { state, apply } = placed();
  apply({ kind: "adjudicated", key, results: [] });
  expect(state.attempt(key)?.sealed).toBeNull();
  apply({
    kind: "attempt-sealed",
    key,
    countersigned: [{ node: "n1", sig: "" }],
    verdict: { payload: "{}", sig: "" },
    keyid: "k",
    problems: ["n2: it did not seal its records"],
  });
  expect(state.attempt(key)?.sealed).toEqual({
    nodes: ["n1"],
    keyid: "k",
    problems: ["n2: it did not seal its records"],
  });
  expect([...state.trials.values()][0]?.state).toBe("done");
});
