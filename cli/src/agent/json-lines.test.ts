import { expect, it } from "vitest";
import { JsonLines } from "./json-lines.ts";

function values(...chunks: string[]): unknown[] {
  const found: unknown[] = [];
  const lines = new JsonLines((value) => found.push(value));
  for (const chunk of chunks) lines.take(Buffer.from(chunk));
  lines.end();
  return found;
}

it("gives JSON as it is and everything else as text, wherever the bytes are cut", () => {
  expect(values('{"a":', '1}\nno json\n\n{"b"', ":2}")).toEqual([{ a: 1 }, { text: "no json" }, { b: 2 }]);
});

it("bounds a line without an end", () => {
  const found = values("x".repeat(200_000));
  expect(found.length).toBeGreaterThan(2);
  expect(found.every((value) => JSON.stringify(value).length < 66_000)).toBe(true);
});
