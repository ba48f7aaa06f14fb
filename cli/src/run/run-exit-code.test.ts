import { expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { JournalState } from "../source/journal-state.ts";
import { finishedJournal, FIXTURE_ID } from "../testing/fixture-journal.ts";
import { resultsOf, type Results } from "./results.ts";
import { runExitCode } from "./run-exit-code.ts";

const state = new JournalState();
state.take(finishedJournal());
const study = state.projection.studies.get(FIXTURE_ID);
if (study === undefined) throw new Error("the fixture has no study");
const good = resultsOf(study, state.projection);
const trial = state.projection.trialsOf(FIXTURE_ID).at(0);
if (trial === undefined) throw new Error("the fixture has no trial");
const surprise: Results["surprises"] = [{ trial, profile: "strict", expected: "refuted", got: "confirmed" }];
const infra = { share: 0.5, limit: 0.2, trials: [trial] };
const usual = { results: good, interrupted: false, labClean: true, labLeft: [], failure: null };

it.each([
  ["all well", usual, EXIT.done],
  ["a surprise", { ...usual, results: { ...good, surprises: surprise } }, EXIT.unexpected],
  ["infra faults", { ...usual, results: { ...good, infra } }, EXIT.infra],
  [
    "infra faults at the limit",
    { ...usual, results: { ...good, infra: { ...infra, share: 0.2 } } },
    EXIT.done,
  ],
  ["infra faults and a surprise", { ...usual, results: { ...good, infra, surprises: surprise } }, EXIT.infra],
  ["cancelled by somebody", { ...usual, results: { ...good, cancelled: 1 } }, EXIT.interrupted],
  ["what fits no node", { ...usual, results: { ...good, cancelled: 1, unplaced: [trial] } }, EXIT.infra],
  [
    "what fits no node and a cancel",
    { ...usual, results: { ...good, cancelled: 2, unplaced: [trial] } },
    EXIT.interrupted,
  ],
  ["interrupted", { ...usual, interrupted: true }, EXIT.interrupted],
  ["interrupted before the first record", { ...usual, results: null, interrupted: true }, EXIT.interrupted],
  ["unreachable", { ...usual, results: null, failure: EXIT.unreachable }, EXIT.unreachable],
  ["a dirty cell", { ...usual, results: { ...good, notSterile: ["x"] }, interrupted: true }, EXIT.notSterile],
  [
    "a breach",
    {
      ...usual,
      results: { ...good, surprises: surprise, containment: { ...good.containment, breaches: ["x"] } },
    },
    EXIT.notSterile,
  ],
  ["a dirty lab", { ...usual, labClean: false, failure: EXIT.unreachable }, EXIT.notSterile],
] as const)("%s", (_, ending, code) => {
  expect(runExitCode(ending)).toBe(code);
});

it("finds nothing amiss in the fixture", () => {
  expect(good).toMatchObject({ expected: 4, surprises: [], notSterile: [], cancelled: 0 });
});
