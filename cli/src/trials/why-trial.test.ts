import { expect, it } from "vitest";
import { studySchema } from "@redline/shared";
import type { z } from "zod";
import { JournalState } from "../source/journal-state.ts";
import { confirmedTrial, FixtureJournal, FIXTURE_ID, FIXTURE_STUDY } from "../testing/fixture-journal.ts";
import { whyTrial } from "./why-trial.ts";

const AT = new Date("2026-11-21T13:00:00.000Z");

function why(journal: FixtureJournal, untested: readonly string[]): string {
  const state = new JournalState();
  state.take(journal.lines);
  const [trial] = state.projection.trialsOf(FIXTURE_ID);
  if (trial === undefined) throw new Error("the fixture has no trial");
  return whyTrial(trial, state.projection.studies.get(FIXTURE_ID), AT, untested);
}

const withBrain = (brain: z.input<typeof studySchema>["brains"][string]) =>
  new FixtureJournal().submitted(studySchema.parse({ ...FIXTURE_STUDY, brains: { one: brain } }));

it("says that a real model waits for a self-test, and nothing of it for a control", () => {
  const real = withBrain({ provider: "ollama", model: "m" });
  expect(why(real, ["alpha", "beta"])).toContain(
    "these nodes do not take it: alpha, beta (redline node selftest alpha).",
  );
  expect(why(real, [])).not.toContain("self-test");
  expect(why(withBrain({ provider: "scripted", behaviour: "competent" }), ["alpha"])).not.toContain(
    "self-test",
  );
});

it("tells a breach beside the verdict", () => {
  const journal = confirmedTrial(new FixtureJournal().submitted(), 1, "", (same) =>
    same.node("beta", 1, { kind: "breach", breach: "over-cap", detail: "9\u001b[2J copies", killed: 1 }),
  );
  const text = why(journal, []);
  expect(text).toContain("is confirmed under pan2024");
  expect(text).toContain(" Containment was breached: over-cap on beta: 9 copies.");
  expect(text).not.toContain("\u001b");
});
