import { describe, expect, it } from "vitest";
import { deviationOf, deviationsOf } from "./deviation.ts";

const canary = { nonce: "n", tokens: [1, 2], logprobs: [-1, -2], text: "", error: "" };
const score = { nonce: "n", logprobs: [-1.5, -1], error: "" };

describe("deviationOf", () => {
  it("is the mean distance of the two", () => {
    expect(deviationOf(canary, score)).toBe(0.75);
    expect(deviationsOf([canary, canary], [score])).toEqual([0.75]);
  });

  it.each([
    ["no score", canary, undefined],
    ["another nonce", canary, { ...score, nonce: "m" }],
    ["other lengths", canary, { ...score, logprobs: [-1] }],
    ["no log-probabilities", { ...canary, logprobs: [] }, { ...score, logprobs: [] }],
    ["a failed answer", { ...canary, error: "hung" }, score],
    ["a failed score", canary, { ...score, error: "hung" }],
    ["a number that is none", { ...canary, logprobs: [-1, Number.NaN] }, score],
  ])("is null with %s", (_name, of, by) => {
    expect(deviationOf(of, by)).toBeNull();
  });
});
