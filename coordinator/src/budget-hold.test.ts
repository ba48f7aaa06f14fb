import { studyIdSchema, type StudyView } from "@redline/shared";
import { expect, it } from "vitest";
import { budgetHold } from "./budget-hold.ts";
import { JournalFixture } from "./projection-fixture.ts";

/** A study of two trials whose first is placed and used 150 tokens. */
function started(budget: object) {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000", { trials: 2, scenario: "local-copy" });
  change(journal, study, budget);
  const trial = journal.firstTrial(study);
  const attempt = journal.place(trial, "n1", "n1");
  journal.record("n1", trial, attempt, {
    ...{ kind: "exchange", number: 1, dropped: 0, promptTokens: 100, completionTokens: 50, costUsd: 0 },
    ...{ request: { sha256: "a".repeat(64), bytes: 2, messages: 1 }, tookMs: 1, waitedMs: 0 },
  });
  return { journal, study, due: () => budgetHold(study, () => journal.state.trialsOf(study.id)) };
}
const change = (journal: JournalFixture, { id, limits }: StudyView, budget: object) =>
  journal.apply({ kind: "study-changed", study: id, who: "a", why: "b", limits, budget });
const id = studyIdSchema.parse("s-0000");

it("pauses when something is used up, and only then", () => {
  expect(started({}).due()).toBeNull();
  expect(started({ tokens: 151, timeS: 1 }).due()).toBeNull();
  expect(started({ tokens: 150, timeS: 1 }).due()).toEqual({
    ...{ kind: "study-paused", study: id, who: "budget" },
    why: "the budget is used up: tokens: 150 of 150",
  });
});

it("resumes what it paused when there is room again", () => {
  const { journal, study, due } = started({ tokens: 150 });
  journal.apply(due());
  expect([study.paused?.who, due()]).toEqual(["budget", null]);
  change(journal, study, { tokens: 1000 });
  expect(due()).toMatchObject({ kind: "study-resumed", who: "budget" });
  journal.apply(due());
  expect([study.paused, due()]).toEqual([null, null]);
});

it("leaves a person's pause to the person, and holds the budget after it", () => {
  const { journal, study, due } = started({ tokens: 150 });
  journal.apply({ kind: "study-paused", study: id, who: "ann", why: "lunch" });
  expect(due()).toBeNull();
  journal.apply({ kind: "study-resumed", study: id, who: "ann", why: "back" });
  expect(due()).toMatchObject({ kind: "study-paused", who: "budget" });
  change(journal, study, {});
  expect(due()).toBeNull();
});

it("does not pause a study in which nothing waits for an attempt", () => {
  const { journal, study, due } = started({ tokens: 150 });
  const second = journal.state.trialsOf(study.id)[1];
  if (second === undefined) throw new Error("no second trial");
  journal.apply({ kind: "cancelled", trial: second.trial, why: "w" });
  expect(due()).toBeNull();
});
