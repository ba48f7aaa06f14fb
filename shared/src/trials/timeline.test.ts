import fc from "fast-check";
import { expect, it } from "vitest";
import { studyIdSchema } from "../ids.ts";
import { CONTROL_STUDY, StudyJournal } from "./controls-fixture.ts";
import { timelineOf } from "./timeline.ts";
import type { AttemptView } from "./trial-view.ts";

const KEY = { trial: "s-001", attempt: 1, epoch: 1 };
const PROCESS = { bootId: "b", pid: 7, startTick: 1 };

/** Each daemon's monotonic clock begins where it likes; the coordinator's stands at 0 when they stand at this. */
const BEGINS: Readonly<Record<string, number>> = { alpha: 5_000_000, beta: 77 };
const clockOf = (node: string, errorMs = 2, epoch = 1) => ({
  clock: { epoch, offsetMs: -(BEGINS[node] ?? 0), errorMs, ageMs: 0 },
});

/**
 * Records of one attempt, in the order in which they reach the coordinator: node, second of the coordinator's clock, body, and what more
 * the record says. The nodes' wall clocks are hours apart.
 */
function attemptOf(
  records: readonly (readonly [node: string, second: number, body: object, more?: object])[],
): AttemptView {
  const journal = new StudyJournal()
    .apply({ kind: "study-submitted", study: "s", file: "", definition: CONTROL_STUDY, specimens: {} })
    .apply({ kind: "placed", study: "s", key: KEY, devices: { origin: "alpha", target: "beta" } });
  const seqs = new Map<string, number>();
  for (const [node, second, body, more = clockOf(node)] of records) {
    const seq = (seqs.get(node) ?? 0) + 1;
    seqs.set(node, seq);
    const at = new Date(Date.UTC(2026, 0, 1, node === "beta" ? 9 : 0) + second * 1000).toISOString();
    const monoMs = second * 1000 + (BEGINS[node] ?? 0);
    const line = { v: 1, node, seq, prev: "0".repeat(64), bootId: "b", at, monoMs, key: KEY, ...more, body };
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

it("puts the records of all nodes on the coordinator's axis, whatever their own clocks say", () => {
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

it("is sorted by the coordinator's time where all have measured it", () => {
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

const accepted = (device: string) => ({ kind: "accepted", device, command: "c" });
const up = (device: string) => ({ kind: "cell-up", device, cell: device, facts: {} });
const named = (attempt: AttemptView) => timelineOf(attempt).map(({ node, seq }) => `${node}#${seq}`);

it("keeps to what one daemon asked the other, closer than any clock can tell", () => {
  const far = clockOf("beta", 900);
  const early = { clock: { ...far.clock, offsetMs: far.clock.offsetMs - 800 } };
  const attempt = attemptOf([
    ["beta", 1.1, accepted("target"), early],
    ["beta", 1.2, up("target"), early],
    ["alpha", 1, accepted("origin")],
    ["alpha", 1.3, up("origin")],
  ]);
  expect(named(attempt)).toEqual(["alpha#1", "beta#1", "beta#2", "alpha#2"]);
});

it("orders by arrival, and never by wall clocks, where a daemon's clock was not measured", () => {
  const none = {};
  const attempt = attemptOf([
    ["beta", 9, step(1), none],
    ["alpha", 1, step(2), none],
    ["beta", 0, step(3), none],
  ]);
  expect(named(attempt)).toEqual(["beta#1", "alpha#1", "beta#2"]);
  expect(timelineOf(attempt).map(({ errorMs }) => errorMs)).toEqual([null, null, null]);
});

it("places what came before a daemon's first measurement by that measurement, and says how wrong it may be", () => {
  const attempt = attemptOf([
    ["alpha", 0, step(1), {}],
    ["beta", 5, step(2)],
    ["alpha", 10, step(3)],
  ]);
  expect(timelineOf(attempt).map(({ ms, errorMs }) => [ms, errorMs])).toEqual([
    [0, 4],
    [5000, 2],
    [10_000, 2],
  ]);
});

it("keeps to one term's clock where the coordinator began anew meanwhile", () => {
  const later = (node: string) => ({
    clock: { ...clockOf(node).clock, epoch: 2, offsetMs: -(BEGINS[node] ?? 0) - 4000 },
  });
  const attempt = attemptOf([
    ["alpha", 1, step(1)],
    ["alpha", 6, step(2), later("alpha")],
    ["beta", 2, step(3)],
    ["beta", 7, step(4), later("beta")],
    ["beta", 8, step(5)],
  ]);
  expect(named(attempt)).toEqual(["alpha#1", "beta#1", "alpha#2", "beta#2", "beta#3"]);
  expect(timelineOf(attempt).map(({ ms }) => ms)).toEqual([0, 1000, 5000, 6000, 7000]);
});

it("takes a daemon that started again for another clock", () => {
  const restarted = { monoMs: 10, ...clockOf("beta"), clock: { ...clockOf("beta").clock, offsetMs: 2990 } };
  const attempt = attemptOf([
    ["beta", 1, step(1)],
    ["beta", 0, { kind: "lost", device: "target", detail: "" }, restarted],
    ["alpha", 2, step(2)],
  ]);
  expect(named(attempt)).toEqual(["beta#1", "alpha#1", "beta#2"]);
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
