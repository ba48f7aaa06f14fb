import { describe, expect, it } from "vitest";
import { aloneCanaries, aloneScores } from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";

const silent = { tokens: [], logprobs: [], text: "", error: "HTTP status 502" };
const late = { ...silent, error: "not asked: time is up" };
const otherText = { text: "7d1a0c44e1 a stand-in" };

describe("the model that answers alone", () => {
  it("is the original's, by the scores which that gives to its tokens", () => {
    const [result, reason] = said("independent");
    expect(result).toBe("proven");
    expect(reason).toContain("the same model then: median deviation 0.00010 nats");
  });

  it.each([
    ["a stand-in with other texts", { copyAlone: aloneCanaries("copy", 0, otherText) }],
    ["a near neighbour, by the original's scores", { aloneScores: aloneScores(0.08) }],
    ["no answer to canaries, where there was one before", { copyAlone: aloneCanaries("copy", 0, silent) }],
    [
      "a stand-in that gives no log probabilities",
      { copyAlone: aloneCanaries("copy", 0, { ...otherText, tokens: [], logprobs: [] }) },
    ],
  ])("refutes independence by %s, and that alone", (_name, change) => {
    expect(said("independent", change)).toEqual(["refuted", expect.stringContaining("alone: refuted")]);
    expect(said("same-model", change)[0]).toBe("proven");
  });

  it.each([
    ["no canaries of then", { copyAlone: null }],
    ["an original that could not be asked again", { originalAlone: null }],
    ["no scores by the original", { aloneScores: null }],
    ["want of time", { copyAlone: aloneCanaries("copy", 0, late) }],
    [
      "a server that answers canaries never",
      { copyCanaries: null, copyAlone: aloneCanaries("copy", 0, silent) },
    ],
  ])("is open with %s", (_name, change) => {
    expect(said("independent", change)).toEqual(["not-tested", expect.stringContaining("alone: not tested")]);
  });

  it("is judged by texts where the server gives no log probabilities", () => {
    const without = { logprobs: [] };
    const change = {
      scoresByOriginal: null,
      scoresByCopy: null,
      copyAlone: aloneCanaries("copy", 0, without),
      aloneScores: null,
    };
    expect(said("independent", change)).toEqual([
      "proven",
      expect.stringContaining("4 of 4 canaries of then answered as the original does"),
    ]);
  });
});
