import { expect, it } from "vitest";
import { JournalState } from "../source/journal-state.ts";
import { createPaint } from "../terminal/colour.ts";
import { confirmedTrial, FixtureJournal, FIXTURE_ID } from "../testing/fixture-journal.ts";
import { finishedLine, progressBlock, progressSummary, type ProgressView } from "./progress-lines.ts";

function viewOf(journal: FixtureJournal): ProgressView {
  const state = new JournalState();
  state.take(journal.lines);
  const study = state.projection.studies.get(FIXTURE_ID);
  if (study === undefined) throw new Error("no study");
  const trials = state.projection.trialsOf(FIXTURE_ID);
  return { study, trials, now: new Date("2026-11-21T12:01:00.000Z"), elapsedMs: 61_000 };
}

const running = () =>
  confirmedTrial(new FixtureJournal().submitted(), 1)
    .placed(2)
    .node("alpha", 2, { kind: "accepted", device: "origin", command: "c" })
    .node("alpha", 2, { kind: "phase", phase: "cell", ms: 300 });

it("shows counts, verdicts and what runs, with its phase and idle time", () => {
  expect(progressBlock(viewOf(running()), createPaint(false), 100)).toEqual([
    "fixture-ab12cd  1 of 2 trials over  1 min 1 s",
    "  waiting 0  placed 0  running 1  collecting 0  done 1  invalid 0  cancelled 0",
    "  pan2024  confirmed 1  refuted 0  indeterminate 0  invalid 0",
    "  strict   confirmed 0  refuted 0  indeterminate 1  invalid 0",
    "  fixture-ab12cd-002  cross-device/refuses/tiny  ssh  idle 19.0 s  alpha beta",
  ]);
});

it("keeps each line within the terminal", () => {
  for (const line of progressBlock(viewOf(running()), createPaint(false), 40))
    expect(line.length).toBeLessThanOrEqual(40);
});

it("says the same in one line", () => {
  expect(progressSummary(viewOf(running()))).toBe(
    "1 of 2 trials over (running 1, done 1); pan2024: confirmed 1, refuted 0, indeterminate 0, invalid 0; strict: confirmed 0, refuted 0, indeterminate 1, invalid 0; 1 min 1 s",
  );
});

it("gives a cancelled trial's reason instead of a verdict, safe for a terminal", () => {
  const journal = new FixtureJournal().submitted();
  const [, trial] = viewOf(journal).trials;
  if (trial === undefined) throw new Error("no trial");
  journal.coordinator({ kind: "cancelled", trial: trial.trial, why: "by \u001b[31mhand\u202e" });
  const after = viewOf(journal).trials[1];
  expect(after === undefined ? "" : finishedLine(after)).toBe(
    "fixture-ab12cd-002 cross-device/refuses/tiny: cancelled: by hand",
  );
});
