import type { NodeRecordBody } from "@redline/shared";
import { expect, it } from "vitest";
import { oversightNumbers } from "./oversight-gauges.ts";
import { JournalFixture } from "./projection-fixture.ts";

const exchange: NodeRecordBody = {
  ...{ kind: "exchange", number: 1, dropped: 0, promptTokens: 100, completionTokens: 50, costUsd: 0.5 },
  ...{ request: { sha256: "a".repeat(64), bytes: 2, messages: 1 }, tookMs: 1, waitedMs: 0 },
};
const approval = (id: string, decision: "asked" | "allow"): NodeRecordBody => ({
  ...{ kind: "approval", id, action: "rm", pattern: "*", decision, who: "a", why: "" },
});

it("counts over all studies, and tells whose budget is nearest to its end", () => {
  const journal = new JournalFixture();
  const [first, second, third] = ["a-0000", "b-0000", "c-0000"].map((id) =>
    journal.submit(id, { trials: 2 }),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error("no studies");
  const trial = journal.firstTrial(first);
  const attempt = journal.place(trial, "n1", "n2");
  for (const body of [
    exchange,
    exchange,
    approval("q1", "asked"),
    approval("q2", "asked"),
    approval("q2", "allow"),
  ])
    journal.record("n1", trial, attempt, body);
  journal.record("n1", trial, attempt, { kind: "intervened", who: "a", why: "", act: { do: "pause" } });
  const budget = (study: string, more: object) =>
    journal.apply({ kind: "study-changed", study, who: "a", why: "b", limits: first.limits, budget: more });
  budget("a-0000", { tokens: 400 }).apply({ kind: "study-paused", study: "a-0000", who: "budget", why: "" });
  budget("b-0000", { tokens: 1, timeS: 5 }).apply({
    kind: "study-paused",
    study: "b-0000",
    who: "ann",
    why: "",
  });
  expect(oversightNumbers(journal.state)).toEqual({
    ...{ promptTokens: 200, completionTokens: 100, costUsd: 1, approvalsWaiting: 1, attemptsPaused: 1 },
    trialsHeld: 3,
    studiesPaused: { budget: 1, faults: 0, person: 1 },
    budgetUsed: { tokens: 0.75, costUsd: 0, timeS: 0 },
  });

  // What is over waits for nobody, and goes on to be counted.
  journal.apply({ kind: "cancelled", trial: trial.trial, why: "w" });
  for (const study of ["a-0000", "b-0000"]) journal.apply({ kind: "study-ended", study, why: "w" });
  expect(oversightNumbers(journal.state)).toMatchObject({
    ...{ promptTokens: 200, approvalsWaiting: 0, attemptsPaused: 0, trialsHeld: 0 },
    studiesPaused: { budget: 0, faults: 0, person: 0 },
    budgetUsed: { tokens: 0 },
  });
});
