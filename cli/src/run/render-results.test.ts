import { expect, it } from "vitest";
import { JournalState } from "../source/journal-state.ts";
import { createPaint } from "../terminal/colour.ts";
import { finishedJournal, FIXTURE_ID } from "../testing/fixture-journal.ts";
import { renderResults } from "./render-results.ts";
import { resultsOf } from "./results.ts";

it.each([
  [1, "1 trial was cancelled and has no verdict."],
  [2, "2 trials were cancelled and have no verdict."],
])("counts %d cancelled as people do", (cancelled, text) => {
  const state = new JournalState();
  state.take(finishedJournal());
  const study = state.projection.studies.get(FIXTURE_ID);
  if (study === undefined) throw new Error("the fixture has no study");
  const results = { ...resultsOf(study, state.projection), cancelled };
  expect(renderResults(results, createPaint(false), 100)).toContain(text);
});
