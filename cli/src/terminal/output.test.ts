import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createOutput } from "./output.ts";

it.each([
  [undefined, undefined, 100],
  [undefined, 72, 72],
  ["70", 120, 70],
  ["no number", 120, 120],
  ["5", undefined, 60],
  ["1000", undefined, 160],
])("wraps with COLUMNS=%s on a terminal of %s at %s", (asked, width, columns) => {
  const stream = Object.assign(new PassThrough(), width === undefined ? {} : { columns: width });
  expect(createOutput(stream, asked === undefined ? {} : { COLUMNS: asked }, false).columns).toBe(columns);
});
