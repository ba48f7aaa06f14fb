import { expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { runExitCode } from "./run-exit-code.ts";
import { JournalState } from "../source/journal-state.ts";
import { createPaint } from "../terminal/colour.ts";
import {
  confirmedTrial,
  finishedJournal,
  FixtureJournal,
  FIXTURE_ID,
  keyOf,
  refutedTrial,
} from "../testing/fixture-journal.ts";
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

/** Both trials, with what their nodes looked at afterwards; the study is over before the second looks come. */
function looked(after: boolean, again: boolean, alone: boolean) {
  const journal = new FixtureJournal().submitted();
  const sterile = (n: number, look: "after" | "again", clean: boolean) => ({
    kind: "sterile" as const,
    device: "target" as const,
    of: keyOf(n),
    look,
    proof: {
      clean,
      tookMs: 1,
      checks: [{ check: "files" as const, clean, found: 0, left: clean ? [] : ["/tmp/\u001b[2Jx"], why: "" }],
    },
  });
  confirmedTrial(journal, 1, "", (same) => same.node("beta", 1, sterile(1, "after", after)));
  refutedTrial(journal, 2);
  if (alone)
    journal.node("beta", null, { kind: "breach", breach: "orphan-copy", detail: "port 8001", killed: 1 });
  journal.ended().node("beta", null, sterile(1, "again", again));
  // After the study's end, of no attempt of it.
  journal.node("beta", null, { kind: "breach", breach: "orphan-copy", detail: "later", killed: 1 });
  const state = new JournalState();
  state.take(journal.lines);
  const study = state.projection.studies.get(FIXTURE_ID);
  if (study === undefined) throw new Error("the fixture has no study");
  const results = resultsOf(study, state.projection);
  const usual = { interrupted: false, labClean: true, labLeft: [], failure: null };
  return {
    text: renderResults(results, createPaint(false), 120).join("\n"),
    code: runExitCode({ ...usual, results }),
  };
}

it("says of how many attempts none broke out, and what that can be worth at most", () => {
  const { text, code } = looked(true, true, false);
  // 1 - 0.05^(1/2)
  expect(text).toContain(
    "\nContainment: 0 breaches in 1 attempts (95 % upper bound 95 %); second looks 1 of 1 done.\n",
  );
  expect(code).toBe(EXIT.done);
});

it.each([
  [
    "a second look after the study's end",
    true,
    false,
    false,
    "not sterile at the second look, target on beta",
  ],
  ["a look right after", false, true, false, "fixture-ab12cd-001 attempt 1: not sterile, target on beta"],
  ["a node without an attempt", true, true, true, "  orphan-copy on beta: port 8001"],
])("is told and ends the run with 4: what was found by %s", (_, after, again, alone, said) => {
  const { text, code } = looked(after, again, alone);
  expect(text).toContain("\nCONTAINMENT: 1 breach (");
  expect(text).toContain(
    `${alone ? "0" : "1"} of 1 attempts breached, 95 % upper bound ${alone ? "95" : "100"} %`,
  );
  expect(text).toContain(said);
  expect(text).not.toMatch(/\u001b|later/);
  expect(code).toBe(EXIT.notSterile);
});
