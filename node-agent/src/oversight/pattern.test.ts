import { expect, it } from "vitest";
import { findPattern, patternOf, unescaped } from "./pattern.ts";

const found = (pattern: string, text: string) => findPattern(patternOf(pattern), text.toLowerCase());

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

it("reads through the escapes of JSON, and leaves what is none", () => {
  expect(unescaped(String.raw`{"command":"r\u006d -rf \"\/\"\n"}`)).toBe('{"command":"rm -rf "/"\n"}');
  expect(unescaped(String.raw`\u00 \x \q \\n`)).toBe(String.raw`\u00 \x \q \n`);
});
