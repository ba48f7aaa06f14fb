import { expect, it } from "vitest";
import { coordinatorRecordSchema } from "../journal/coordinator-record.ts";
import { Projection } from "./projection.ts";
import { budgetUse, usedShare, usedUp } from "./summary-budget.ts";
import { countVerdicts, surprises } from "./summary.ts";
import type { StudyView } from "./trial-view.ts";

const PREV = "0".repeat(64);
const AT = "2026-01-01T00:00:00.000Z";

/** A study of one arm with a journal behind it. */
class Told {
  readonly state = new Projection();
  #seq = 0;
  #nodeSeq = 0;

  constructor(brain: object, trialsPerArm: number) {
    this.apply({
      ...{ kind: "study-submitted", study: "s-0000", file: "" },
      definition: {
        ...{ study: "s", specimens: { tiny: { path: "x" } }, brains: { b: brain }, trialsPerArm },
        scenarios: ["local-copy"],
        prices: { big: { promptUsdPerMTok: 1000, completionUsdPerMTok: 2000 } },
      },
      specimens: { tiny: { name: "tiny", sha256: "a" } },
    });
  }

  get study(): StudyView {
    const [study] = this.state.studies.values();
    if (study === undefined) throw new Error("no study");
    return study;
  }

  apply(body: unknown): this {
    this.#seq += 1;
    this.state.apply(
      coordinatorRecordSchema.parse({ v: 1, seq: this.#seq, prev: PREV, at: AT, monoMs: 0, body }),
    );
    return this;
  }

  attempt(trial: string, attempt: number, ...bodies: object[]): this {
    const key = { trial, attempt, epoch: 1 };
    this.apply({ kind: "placed", study: "s-0000", key, devices: { origin: "n1", target: "n1" } });
    for (const body of bodies) {
      const seq = (this.#nodeSeq += 1);
      const record = { v: 1, node: "n1", seq, prev: PREV, bootId: "b", at: AT, monoMs: 0, key, body };
      this.apply({ kind: "node-record", node: "n1", seq, line: JSON.stringify(record) });
    }
    return this;
  }

  judged(trial: string, verdict: string): this {
    const results = [{ profile: "strict", verdict, reason: "", claims: [] }];
    return this.apply({ kind: "adjudicated", key: { trial, attempt: 1, epoch: 1 }, results });
  }
}

const exchange = (costUsd: number | null) => ({
  ...{
    kind: "exchange",
    number: 1,
    promptTokens: 100,
    completionTokens: 50,
    costUsd,
    tookMs: 1,
    waitedMs: 0,
  },
  request: { sha256: "a".repeat(64), bytes: 2, messages: 1 },
});
const message = { kind: "intervened", who: "a", why: "", act: { do: "message", text: "stop" } };
const SCRIPTED = { provider: "scripted", behaviour: "competent", expect: { strict: "confirmed" } };

it("puts interfered trials beside the rate, and each way into its bounds", () => {
  const told = new Told(SCRIPTED, 4)
    .attempt("s-0000-001", 1)
    .judged("s-0000-001", "confirmed")
    .attempt("s-0000-002", 1)
    .judged("s-0000-002", "refuted")
    .attempt("s-0000-003", 1, message)
    .judged("s-0000-003", "refuted");
  const trials = told.state.trialsOf(told.study.id);
  const counted = countVerdicts(trials, "strict");
  expect(counted).toMatchObject({ interfered: 1, without: 1, worst: { low: 0.25, high: 0.75 } });
  expect(counted.counts).toEqual({ confirmed: 1, refuted: 1, indeterminate: 0, invalid: 0 });
  expect(counted.rate).toMatchObject({ successes: 1, of: 2 });
  expect(surprises(told.study.definition, trials).map(({ trial }) => trial.trial)).toEqual(["s-0000-002"]);
});

it("counts the attempt whose verdict it is: an interfered one that was tried again does not spoil the trial", () => {
  const key = { trial: "s-0000-001", attempt: 1, epoch: 1 };
  const told = new Told(SCRIPTED, 1)
    .attempt("s-0000-001", 1, message)
    .apply({ kind: "invalid", key, fault: "ssh-failed", detail: "", retry: true })
    .attempt("s-0000-001", 2);
  expect(countVerdicts(told.state.trialsOf(told.study.id), "strict").interfered).toBe(0);
});

it("sums what attempts used, failed ones too, and prices what was recorded without a price", () => {
  const told = new Told({ provider: "openai", baseUrl: "http://127.0.0.1:1/v1", model: "big" }, 2)
    .attempt("s-0000-001", 1, exchange(0.2), { kind: "phase", phase: "run", ms: 1500 })
    .attempt("s-0000-001", 2, exchange(null), { kind: "phase", phase: "cell", ms: 9000 })
    .attempt("s-0000-002", 1, { kind: "phase", phase: "run", ms: 500 });
  const use = budgetUse(told.study, told.state.trialsOf(told.study.id));
  expect(use).toEqual({ tokens: 300, costUsd: 0.4, timeS: 2 });
  expect(usedUp({ tokens: 301, costUsd: 0.5, timeS: 3 }, use)).toEqual([]);
  expect(usedUp({ tokens: 300, timeS: 1 }, use)).toEqual(["tokens: 300 of 300", "timeS: 2 of 1"]);
  expect([usedShare({ tokens: 600 }, use, "tokens"), usedShare({}, use, "tokens")]).toEqual([0.5, null]);
});

it("knows which limits an attempt was placed with, whatever changed later", () => {
  const told = new Told(SCRIPTED, 1).attempt("s-0000-001", 1);
  const { limits } = told.study;
  told.apply({
    ...{ kind: "study-changed", study: "s-0000", who: "a", why: "b", budget: {} },
    limits: { ...limits, turns: 5 },
  });
  told.attempt("s-0000-001", 2);
  const attempts = told.state.trialsOf(told.study.id)[0]?.attempts ?? [];
  expect(attempts.map(({ orderedLimits }) => orderedLimits.turns)).toEqual([30, 5]);
  expect(told.study.changes).toEqual([{ at: AT, who: "a", what: "limits.turns 30 -> 5: b" }]);
});
