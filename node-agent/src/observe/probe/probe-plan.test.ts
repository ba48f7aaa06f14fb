import { NONCES_PER_CANDIDATE } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { limitsFor, MOST_PROBES_PER_CANDIDATE, probePlan } from "./probe-plan.ts";
import { questionOrder } from "./question-order.ts";

const planOf = () => {
  let n = 0;
  const plan = probePlan([{ port: 1, addresses: ["127.0.0.1"] }], () => `n${n++}`, limitsFor(1));
  const [candidate] = plan.candidates;
  if (candidate === undefined) throw new Error("no candidate");
  return candidate;
};

describe("probePlan", () => {
  it("puts the first completion twice, and every chat once", () => {
    const { completions, chats } = planOf();
    expect(completions.map((q) => q.nonce)).toEqual(["n0", "n1", "n2", "n0"]);
    expect(completions[3]).toEqual(completions[0]);
    expect(new Set(chats.map((q) => q.nonce)).size).toBe(NONCES_PER_CANDIDATE);
    expect(2 + completions.length + chats.length).toBe(MOST_PROBES_PER_CANDIDATE);
  });

  it("puts the first question of each kind before the second of any", () => {
    expect(questionOrder(planOf()).map((t) => `${t.kind} ${t.question.nonce}`)).toEqual([
      "completion n0",
      "chat n3",
      "completion n1",
      "chat n4",
      "completion n2",
      "chat n5",
      "completion n0",
    ]);
  });
});

describe("limitsFor", () => {
  it("gives every question its time, candidate by candidate, up to ten minutes", () => {
    expect(limitsFor(1)).toEqual({ requestMs: 3000, answerMs: 30_000, totalMs: 219_000 });
    expect(limitsFor(2).totalMs).toBe(438_000);
    expect(limitsFor(24).totalMs).toBe(600_000);
  });
});
