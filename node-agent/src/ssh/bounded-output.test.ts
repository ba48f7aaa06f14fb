import { expect, it } from "vitest";
import { BoundedHead, BoundedTail } from "./bounded-output.ts";

it("keeps the first bytes and counts all", () => {
  const head = new BoundedHead(4);
  head.push(Buffer.from("abc"));
  expect(head.truncated).toBe(false);
  head.push(Buffer.from("def"));
  head.push(Buffer.from("ghi"));
  expect([head.text, head.seen, head.truncated]).toEqual(["abcd", 9, true]);
});

it("keeps the last bytes", () => {
  const tail = new BoundedTail(4);
  for (const text of ["abc", "def", "g"]) tail.push(Buffer.from(text));
  expect(tail.text).toBe("defg");
  tail.push(Buffer.from("0123456789"));
  expect(tail.text).toBe("6789");
});
