import { expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import { coordinatorRecordSchema } from "../journal/coordinator-record.ts";
import type { NodeRecordBody } from "../journal/node-record.ts";
import { Projection } from "./projection.ts";

const PREV = "0".repeat(64);
const AT = "2026-01-01T00:00:00.000Z";
const key = { trial: "s-0000-001", attempt: 1, epoch: 1 };

function placed(): { state: Projection; apply: (body: unknown) => void } {
  const state = new Projection();
  let seq = 0;
  const apply = (body: unknown) =>
    state.apply(
      coordinatorRecordSchema.parse({ v: 1, seq: (seq += 1), prev: PREV, at: AT, monoMs: 0, body }),
    );
  apply({
    kind: "study-submitted",
    study: "s-0000",
    file: "",
    definition: {
      study: "s",
      specimens: { tiny: { path: "x" } },
      brains: { b: { provider: "scripted", behaviour: "competent" } },
      scenarios: ["cross-device"],
    },
    specimens: { tiny: { name: "tiny", sha256: "a" } },
  });
  apply({ kind: "placed", study: "s-0000", key, devices: { origin: "n1", target: "n2" } });
  return { state, apply };
}

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
