import { expect, it } from "vitest";
import { createPaint, decideColour } from "./colour.ts";

it.each([
  ["a terminal", true, {}, true, true],
  ["a file", false, {}, true, false],
  ["--no-color", true, { FORCE_COLOR: "1" }, false, false],
  ["NO_COLOR", true, { NO_COLOR: "1" }, true, false],
  ["an empty NO_COLOR", true, { NO_COLOR: "" }, true, true],
  ["NO_COLOR and FORCE_COLOR", true, { NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  ["FORCE_COLOR on a file", false, { FORCE_COLOR: "1" }, true, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, true, false],
  ["a dumb terminal", true, { TERM: "dumb" }, true, false],
  ["FORCE_COLOR on a dumb terminal", true, { TERM: "dumb", FORCE_COLOR: "3" }, true, true],
])("colour with %s", (_, isTTY, env, flag, expected) => {
  expect(decideColour({ isTTY }, env, flag)).toBe(expected);
});

it("leaves text as it is without colour", () => {
  expect(createPaint(false).bad("x")).toBe("x");
  expect(createPaint(true).bad("x")).toBe("\u001b[31mx\u001b[39m");
});
