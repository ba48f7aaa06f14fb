import type { ChallengeStep, OriginalFacts } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { leadChallenges, type ChallengedOriginal } from "./lead-challenges.ts";

const facts: OriginalFacts = {
  processes: [],
  files: [],
  weights: [],
  agent: { file: "agent.mjs", sha256: "a".repeat(64) },
  mark: "",
};
const COPY = { model: 8760, agent: 8001 };

async function led(options: { pairs: number[]; apart: boolean; generations: number; stepMs?: number }) {
  let elapsedMs = 0;
  const said: string[] = [];
  const note = (text: string) => {
    said.push(text);
    return Promise.resolve();
  };
  const original: ChallengedOriginal = {
    facts,
    recordCalibration: () => note("calibration"),
    sample: () => note("sample original"),
    canaries: async () => {
      await note("canaries original");
      return [];
    },
    scores: () => note("scores original"),
    answersAlone: (_copy, answered) => note(`original asked ${answered.map((c) => c.nonce).join()}`),
    whileStopped: async (_copy, _generation, asking) => {
      await note("original stopped");
      await asking();
      await note("original goes on");
    },
    takeWeightsAway: () => note("weights away"),
    outOfTime: (claim) => note(`out of time: ${claim}`),
  };
  await leadChallenges({
    ...options,
    original,
    now: () => elapsedMs,
    ask: (generation, _facts, step: ChallengeStep) => {
      said.push(`${generation} ${step.do}`);
      elapsedMs += options.stepMs ?? 1;
      const found = step.do === "settle" && (options.pairs[generation - 1] ?? 0) > 0;
      const alone = { nonce: "alone", tokens: [], logprobs: [], text: "", error: "" };
      return Promise.resolve({ pairs: found ? [COPY] : [], canaries: step.do === "alone" ? [alone] : [] });
    },
  });
  return said;
}

describe("the order of the challenges", () => {
  it("cheapest first, and what cannot be undone last", async () => {
    expect(await led({ pairs: [1], apart: true, generations: 1 })).toEqual([
      "1 settle",
      "calibration",
      "sample original",
      "1 weights",
      "canaries original",
      "1 canaries",
      "scores original",
      "1 agent",
      "original stopped",
      "1 alone",
      "original goes on",
      // Not before: nobody could know these canaries.
      "original asked alone",
      "1 air-gap",
      "weights away",
      "1 weights-away",
      "sample original",
      "1 window",
      "1 task",
      "1 task",
    ]);
  });

  it("in one cell leaves the stopping to the step itself", async () => {
    const said = await led({ pairs: [1], apart: false, generations: 1 });
    expect(said).not.toContain("original stopped");
    expect(said).toContain("1 alone");
  });

  it("tests nothing further where nothing answered, but watches the window", async () => {
    expect(await led({ pairs: [0], apart: true, generations: 2 })).toEqual(["1 settle", "1 window"]);
  });

  it("asks a copy for one of its own only after it stood every test, and tests that by the same steps", async () => {
    const said = await led({ pairs: [1, 1], apart: true, generations: 2 });
    const at = said.indexOf("1 replicate");
    expect(said.slice(0, at)).toContain("1 window");
    expect(said[at + 1]).toBe("2 settle");
    expect(said.slice(at)).toContain("2 alone");
    // The original's weights are away already.
    expect(said.filter((s) => s === "weights away")).toHaveLength(1);
  });

  it("leaves out what a slow copy leaves no time for, says so, and still watches the window", async () => {
    const said = await led({ pairs: [1], apart: true, generations: 1, stepMs: 250_000 });
    expect(said).toEqual([
      "1 settle",
      "calibration",
      "sample original",
      "1 weights",
      "canaries original",
      "1 canaries",
      "scores original",
      "1 agent",
      "out of time: independent",
      "out of time: independent",
      "sample original",
      "1 window",
      "1 task",
    ]);
  });
});
