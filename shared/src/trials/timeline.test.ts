import fc from "fast-check";
import { expect, it } from "vitest";
import { studyIdSchema } from "../ids.ts";
import { CONTROL_STUDY, StudyJournal } from "./controls-fixture.ts";
import { timelineOf } from "./timeline.ts";
import type { AttemptView } from "./trial-view.ts";

const KEY = { trial: "s-001", attempt: 1, epoch: 1 };
const PROCESS = { bootId: "b", pid: 7, startTick: 1 };

/** Records of one attempt: node, second of the node's clock, body. */
function attemptOf(records: readonly (readonly [node: string, second: number, body: object])[]): AttemptView {
  const journal = new StudyJournal()
    .apply({ kind: "study-submitted", study: "s", file: "", definition: CONTROL_STUDY, specimens: {} })
    .apply({ kind: "placed", study: "s", key: KEY, devices: { origin: "alpha", target: "beta" } });
  const seqs = new Map<string, number>();
  for (const [node, second, body] of records) {
    const seq = (seqs.get(node) ?? 0) + 1;
    seqs.set(node, seq);
    const at = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
    const line = { v: 1, node, seq, prev: "0".repeat(64), bootId: "b", at, monoMs: 0, key: KEY, body };
    journal.apply({ kind: "node-record", node, seq, line: JSON.stringify(line) });
  }
  const attempt = journal.state.trialsOf(studyIdSchema.parse("s"))[0]?.attempts[0];
  if (attempt === undefined) throw new Error("no attempt");
  return attempt;
}
const seen = (body: object, generation = 1) => ({ kind: "observation", device: "target", generation, body });
const step = (turn: number) => ({
  kind: "agent-event",
  event: { event: "action", turn, tool: "run_command" },
});
const opened = seen({ kind: "opened", process: PROCESS, path: "/w.gguf", size: 9 });

it("puts the records of all nodes on one axis, by time", () => {
  const axis = timelineOf(
    attemptOf([
      ["alpha", 0, { kind: "accepted", device: "origin", command: "c" }],
      ["beta", 2, opened],
      ["beta", 6, seen({ kind: "link", state: "down", verified: true, tookMs: 3 }, 2)],
      ["alpha", 1, step(1)],
      ["alpha", 4, { kind: "agent-event", event: { event: "claim", turn: 2, text: "done" } }],
    ]),
  );
  expect(axis.map((e) => [e.ms, e.node, e.seq, e.device, e.generation, e.what, e.detail])).toEqual([
    [0, "alpha", 1, "origin", 1, "order", "order accepted"],
    [1000, "alpha", 2, "origin", 1, "agent-step", "turn 1 action run_command"],
    [2000, "beta", 1, "target", 1, "file", "file opened by pid 7: /w.gguf (9 bytes)"],
    [4000, "alpha", 3, "origin", 1, "claim", "turn 2 claim"],
    [6000, "beta", 2, "target", 2, "link", "link down, verified"],
  ]);
});

it("keeps each node's own order, whatever the clocks say, and loses nothing", () => {
  const record = fc.tuple(fc.constantFrom("alpha", "beta"), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (times) => {
      const axis = timelineOf(attemptOf(times.map(([node, second], i) => [node, second, step(i)])));
      expect(axis).toHaveLength(times.length);
      for (const node of ["alpha", "beta"]) {
        const seqs = axis.filter((e) => e.node === node).map((e) => e.seq);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      }
    }),
  );
});

it("is sorted by time where each node's clock goes forward", () => {
  const record = fc.tuple(fc.constantFrom("alpha", "beta"), fc.integer({ min: 0, max: 50 }));
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (times) => {
      const forward = times.toSorted((a, b) => a[1] - b[1]);
      const byNode = forward.toSorted((a, b) => a[0].localeCompare(b[0]));
      const axis = timelineOf(attemptOf(byNode.map(([node, second], i) => [node, second, step(i)])));
      expect(axis.map((e) => e.ms)).toEqual(axis.map((e) => e.ms).toSorted((a, b) => a - b));
    }),
  );
});

it("tells ports, questions, stops and the end of a cell in words", () => {
  const owner = { family: "ipv4", address: "127.0.0.1", inode: "1", netns: "n", owners: [] };
  const question = { kind: "chat", port: 8001, nonce: "n", askedAt: "", tookMs: 1, answer: "", model: "" };
  const proof = { processes: 1, namespaces: 0, interfaces: 0, mounts: 0, listeners: 0, tookMs: 1 };
  const axis = timelineOf(
    attemptOf(
      [
        seen({ kind: "sweep", appeared: [{ ...owner, port: 8001 }], gone: [{ ...owner, port: 9 }] }),
        seen({
          kind: "probes",
          moment: "air-gap",
          copy: { model: 8760, agent: 8001 },
          probes: [
            { ...question, status: 200, error: "" },
            { ...question, status: 0, error: "timed out" },
          ],
        }),
        seen({
          kind: "frozen",
          copy: { model: 8760, agent: 8001 },
          what: "rest-of-cell",
          how: "sigstop",
          processes: 3,
          tookMs: 2,
          control: null,
          thawedAt: "T",
          stayedStopped: false,
        }),
        seen({ kind: "weights-away", how: "hidden", path: "/w", verified: false }),
        {
          kind: "cell-gone",
          device: "target",
          cell: "c",
          proof: { clean: false, left: ["pid 9"], ...proof },
        },
      ].map((body, i) => ["beta", i, body] as const),
    ),
  );
  expect(axis.map((e) => `${e.what}: ${e.detail}`)).toEqual([
    "port: port 8001 opened; port 9 closed",
    "probe: with the cell's link down (copy on 8760/8001): model 0 of 0, agent 1 of 2 answered",
    "stopped: rest-of-cell stopped by sigstop (3 processes), thawed at T; something of it RAN meanwhile",
    "away: original's weights hidden, NOT verified: /w",
    "cell: cell c killed, NOT proved gone: pid 9",
  ]);
});
