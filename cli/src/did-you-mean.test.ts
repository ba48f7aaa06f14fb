import { describe, expect, it } from "vitest";
import { didYouMean, hintFor } from "./did-you-mean.ts";

describe("did you mean", () => {
  it.each([
    ["behavior", ["behaviour", "provider"], "behaviour"],
    ["stduy", ["study", "arms"], "study"],
    ["TimeS", ["timeS", "turns"], "timeS"],
    ["x", ["provider"], null],
    ["scenario", ["specimens", "scenarios"], "scenarios"],
    ["", ["a"], null],
    ["b", ["a"], null],
    ["B", ["a", "b"], "b"],
    ["zzzz", ["arms"], null],
  ])("%j among %j", (word, known, meant) => {
    expect(didYouMean(word, known)).toBe(meant);
  });

  it("is quiet where nothing is near", () => {
    expect(hintFor("zzzz", ["study"])).toBe("");
    expect(hintFor("stdy", ["study"])).toBe(', did you mean "study"?');
  });
});
