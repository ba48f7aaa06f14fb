import { expect, it } from "vitest";
import { duration } from "./duration.ts";
import { labelled, table, wrap } from "./layout.ts";

it("aligns columns, numbers to the right, colour codes not counted", () => {
  expect(
    table(
      [
        ["a", "10", "x"],
        ["\u001b[1mlong\u001b[22m", "9", "y"],
      ],
      [1],
    ),
  ).toEqual(["a     10  x", "\u001b[1mlong\u001b[22m   9  y"]);
});

it("wraps at spaces and breaks what has none", () => {
  expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
  expect(wrap("x".repeat(10), 4)).toEqual(["xxxx", "xxxx", "xx"]);
  expect(labelled("k", "aaaaaaaaaaaaaaa bbbbbbbbbb", { indent: 1, labelWidth: 3, columns: 24 })).toEqual([
    " k  aaaaaaaaaaaaaaa",
    "    bbbbbbbbbb",
  ]);
});

it.each([
  [0, "0 ms"],
  [999.4, "999 ms"],
  [1500, "1.5 s"],
  [59_990, "1 min 0 s"],
  [185_000, "3 min 5 s"],
  [7_800_000, "2 h 10 min"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
