import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { InitLine } from "./init-line.ts";

it("keeps the first reason of an end: the daemon's own, or what init said before", () => {
  const lines = [0, 1, 2].map(() => new InitLine(new PassThrough(), new PassThrough()));
  const [a, b, c] = lines;
  a?.release("limit");
  a?.release("over-cap");
  b?.release();
  expect(lines.map(({ reason }) => reason)).toEqual(["limit", "destroyed", undefined]);
  c?.release("over-cap");
  expect(c?.reason).toBe("over-cap");
});
