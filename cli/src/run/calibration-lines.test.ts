import { calibrationOf, studyIdSchema, studySchema } from "@redline/shared";
import { expect, it } from "vitest";
import { JournalState } from "../source/journal-state.ts";
import { createPaint } from "../terminal/colour.ts";
import { controlJournal, CONTROLS_ID } from "../testing/fixture-controls.ts";
import {
  FIXTURE_STUDY,
  finishedJournal,
  FIXTURE_ID,
  type FixtureJournal,
} from "../testing/fixture-journal.ts";
import { calibrationLines, confirmedOf } from "./calibration-lines.ts";
import { renderResults } from "./render-results.ts";
import { resultsJson } from "./results-json.ts";
import { resultsOf } from "./results.ts";

const LATER = studyIdSchema.parse("later-0001");
const study = studySchema.parse({ ...FIXTURE_STUDY, study: "later" });

function stateOf(lines: readonly string[]) {
  const state = new JournalState();
  state.take(lines);
  return state.projection;
}

function linesOf(lines: readonly string[], id = LATER): string[] {
  const projection = stateOf(lines);
  const view = projection.studies.get(id);
  if (view === undefined) throw new Error(`no study ${id}`);
  return calibrationLines(calibrationOf(projection, view), createPaint(false));
}

const later = (journal: FixtureJournal) =>
  journal.submitted(study, LATER).judged(1, LATER, ["confirmed", "confirmed"]).ended(LATER).lines;

it("names the control study of a study's nodes, its day and what it came to, in two lines", () => {
  expect(linesOf(later(controlJournal()))).toEqual([
    `instrument calibration: control study ${CONTROLS_ID} of 2026-11-21 on nodes alpha, beta: green`,
    "  pan2024 confirmed 2 of 2 copies, 2 of 4 decoys; strict confirmed 2 of 2 copies, 0 of 4 decoys",
  ]);
});

it("says plainly that controls were not green", () => {
  expect(linesOf(later(controlJournal({ forwarder: ["confirmed", "confirmed"] })))).toEqual([
    `instrument calibration: no green controls for these nodes: control study ${CONTROLS_ID} of 2026-11-21 on nodes alpha, beta is NOT green`,
    "  pan2024 confirmed 2 of 2 copies, 2 of 4 decoys; strict confirmed 2 of 2 copies, 2 of 4 decoys",
  ]);
});

it("does not count what was left undecided as told apart", () => {
  expect(confirmedOf({ trials: 24, confirmed: 0, undecided: 19 })).toBe("0 of 5 decided (19 undecided)");
});

it("is part of every study's result, and says what to run where there are none", () => {
  const projection = stateOf(finishedJournal());
  const view = projection.studies.get(FIXTURE_ID);
  if (view === undefined) throw new Error("the fixture has no study");
  const results = resultsOf(view, projection);
  expect(renderResults(results, createPaint(false), 120).slice(-2)).toEqual([
    "instrument calibration: no green controls for nodes alpha, beta",
    "  no control study was over before it: run `redline controls run` on the same coordinator or --state",
  ]);
  expect(resultsJson(results).calibration).toEqual({
    found: false,
    nodes: ["alpha", "beta"],
    why: "no control study was over before it",
  });
});
