import { expect, it } from "vitest";
import { findPattern, folded, patternOf } from "./pattern.ts";

const found = (pattern: string, text: string) => {
  const spans = findPattern(patternOf(pattern), folded(text));
  return spans === null ? -1 : (spans[0]?.start ?? 0);
};

it.each([
  ["rm -rf", "then RM -RF /", 5],
  ["*rm*-rf*", "x rm a\nb -rf", 2],
  ["Scp*Target", "scp a\nb target:", 0],
  ["target*scp", "scp a target:", -1],
  ["aa*aa", "aaa", -1],
  ["aa*aa", "aaaa", 0],
  ["*", "", 0],
  ["(a+)+$", "aaaa", -1],
  ["a.c", "abc", -1],
  ["[x]", "a[X]b", 1],
])("looks for %s in %s", (pattern, text, at) => {
  expect(found(pattern, text)).toBe(at);
});

it("gives a long text with a pattern full of stars the same care, and not more time than the text is long", () => {
  const text = "a".repeat(4_000_000);
  const began = performance.now();
  expect(found("a*".repeat(100), text)).toBe(0);
  expect(found(`${"a*".repeat(99)}b`, text)).toBe(-1);
  expect(found(`${"a".repeat(199)}b`, text)).toBe(-1);
  expect(found(`b${"a".repeat(199)}`, text)).toBe(-1);
  // A matcher that tries every split of the stars would not be done in a lifetime.
  expect(performance.now() - began).toBeLessThan(20_000);
});

it("says where each piece stands", () => {
  expect(findPattern(patternOf("*scp*Target"), "an scp to target")).toEqual([
    { start: 3, end: 6 },
    { start: 10, end: 16 },
  ]);
});

it("keeps every character in its place when it folds case", () => {
  for (let code = 0; code < 0x11_0000; code++) {
    const character = String.fromCodePoint(code);
    if (folded(character).length !== character.length)
      expect.fail(`U+${code.toString(16)} moves what follows`);
  }
  expect(found("i", "\u0130")).toBe(0);
  expect(found("rm -rf", `${"\u0130".repeat(1000)}RM -rf`)).toBe(1000);
});
