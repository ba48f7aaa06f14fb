import { expect, it } from "vitest";
import { unescaped, viewsOf } from "./policy-views.ts";

it("reads through the escapes of JSON, and leaves what is none", () => {
  expect(unescaped(String.raw`{"command":"r\u006d -rf \"\/\"\n"}`)).toBe('{"command":"rm -rf "/"\n"}');
  expect(unescaped(String.raw`\u00 \x \q \\n`)).toBe(String.raw`\u00 \x \q \n`);
});

it("gives a plain text one view, and one without NUL or other control characters where there are such", () => {
  const foldedOf = (text: string) => viewsOf(text).map((view) => view.folded);
  expect(foldedOf("A\tb\nc")).toEqual(["a\tb\nc"]);
  expect(foldedOf("A\0b\u0001")).toEqual(["a\0b\u0001", "ab\u0001", "ab"]);
  expect(foldedOf(String.raw`A\u0000b`)).toEqual([String.raw`a\u0000b`, "a\0b", "ab"]);
});

it("says where in the whole text a match stands", () => {
  const [, view] = viewsOf("\0x\0r\0\0m\0y");
  expect(view?.folded).toBe("xrmy");
  expect(view?.spanOf({ start: 1, end: 3 })).toEqual({ start: 3, end: 7 });
  expect(view?.spanOf({ start: 0, end: 4 })).toEqual({ start: 1, end: 9 });
});
