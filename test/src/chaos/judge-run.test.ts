import { coordinatorRecordSchema, Projection, studyIdSchema, type CoordinatorRecord } from "@redline/shared";
import { expect, it } from "vitest";
import { SCENARIOS } from "../kit/scenarios.ts";
import { judgeRun, notAsKnown, verdictTable } from "./judge-run.ts";

const STUDY = studyIdSchema.parse("s-1");
const SHA = "a".repeat(64);

/** The journal of a study of one trial: what is given happens after its submission. */
function journal(...bodies: readonly object[]) {
  const definition = {
    study: "s",
    specimens: { tiny: { path: "x" } },
    brains: { b: { provider: "scripted", behaviour: "competent" } },
    scenarios: ["local-copy"],
  };
  const specimens = { tiny: { name: "tiny", sha256: SHA } };
  const submitted = {
    kind: "study-submitted",
    study: STUDY,
    file: "",
    definition,
    specimens,
    scenarios: SCENARIOS,
  };
  const state = new Projection();
  const records: CoordinatorRecord[] = [submitted, ...bodies].map((body, index) => {
    const head = { v: 1, seq: index + 1, prev: "0".repeat(64), at: "2026-01-01T00:00:00.000Z", monoMs: 0 };
    const record = coordinatorRecordSchema.parse({ ...head, body });
    state.apply(record);
    return record;
  });
  return { records, state };
}
const key = (attempt: number) => ({ trial: "s-1-001", attempt, epoch: 1 });
const placed = (attempt: number) => ({
  ...{ kind: "placed", study: STUDY, key: key(attempt), devices: { origin: "alpha", target: "alpha" } },
});
const invalid = (attempt: number, retry = true, detail = "gone") => ({
  ...{ kind: "invalid", key: key(attempt), fault: "node-lost", detail, retry },
});
const done = (attempt: number, verdict = "confirmed") => ({
  kind: "adjudicated",
  key: key(attempt),
  results: ["pan2024", "strict"].map((profile) => ({ profile, verdict, reason: "", claims: [] })),
});
const sealed = (attempt: number) => ({
  ...{ kind: "attempt-sealed", key: key(attempt), countersigned: [], keyid: "k", problems: [] },
  verdict: { payload: "", sig: "" },
});
const judged = (...bodies: readonly object[]) => {
  const { records, state } = journal(...bodies);
  return judgeRun(records, state, STUDY, verdictTable(good.state, STUDY));
};
const good = journal(placed(1), done(1), sealed(1));

it("finds nothing in a run as it must be, with an attempt that a fault took", () => {
  expect(judged(placed(1), done(1), sealed(1))).toEqual([]);
  expect(judged(placed(1), invalid(1), placed(2), done(2), sealed(2))).toEqual([]);
});

it.each<[string, readonly object[]]>([
  ["another verdict", [placed(1), done(1, "refuted"), sealed(1)]],
  ["a trial that ends without one", [placed(1), invalid(1, false)]],
  ["a finished trial placed again", [placed(1), done(1), sealed(1), placed(2), invalid(2, false)]],
  ["a trial counted twice", [placed(1), done(1), sealed(1), done(1)]],
  ["a verdict of an attempt that was given up", [placed(1), invalid(1), placed(2), done(1), sealed(1)]],
  ["two attempts at once", [placed(1), placed(2), done(2), sealed(2)]],
  ["a number left out", [placed(2), done(2), sealed(2)]],
  ["an attempt that never ended", [placed(1)]],
  ["a fault without a word", [placed(1), invalid(1, true, ""), placed(2), done(2), sealed(2)]],
  ["a verdict without a seal", [placed(1), done(1)]],
])("finds %s", (_, bodies) => {
  expect(judged(...bodies)).not.toEqual([]);
});

it("finds a study that is not there", () => {
  const { records, state } = journal();
  expect(judgeRun(records, state, studyIdSchema.parse("other"), null)).not.toEqual([]);
});

it("knows the right verdicts beforehand", () => {
  const trials = good.state.trialsOf(STUDY);
  expect(notAsKnown(trials, { b: "confirmed" })).toEqual([]);
  expect(notAsKnown(trials, { b: "refuted" })).toHaveLength(1);
  expect(notAsKnown(journal(placed(1)).state.trialsOf(STUDY), { b: "confirmed" })).toHaveLength(1);
});
