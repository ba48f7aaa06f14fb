import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { decodeMessage, encodeMessage, LineAssembler, packLines } from "./journal-replica-message.ts";
import { PairSecret } from "./pair-secret.ts";

const key = () => generateKeyPairSync("ed25519").privateKey;
const secret = new PairSecret(key());

const writer = { by: "coordinator", start: "s1" };
const numbered = (...lines: string[]) => lines.map((line, i) => ({ seq: 7 + i, line }));

it("puts as many lines as fit into a message, and gives them back byte for byte", () => {
  const lines = numbered("aä", "b".repeat(20), "c".repeat(30));
  const { messages, taken } = packLines(lines, writer, 40);
  expect([messages.length, taken]).toEqual([1, 2]);
  const read = decodeMessage(encodeMessage(messages[0] ?? expect.fail(), secret), secret);
  expect(read?.head).toEqual({ v: 1, ...writer, first: 7, part: 0, parts: 1 });
  expect(new LineAssembler().take(read ?? expect.fail())).toEqual(lines.slice(0, 2));
});

it("splits a line that fits nowhere, within characters too", () => {
  const lines = numbered("ä".repeat(50), "b");
  const { messages, taken } = packLines(lines, writer, 33);
  expect([messages.length, taken]).toEqual([4, 1]);
  const assembler = new LineAssembler();
  expect(messages.flatMap((message) => assembler.take(message))).toEqual([lines[0]]);
});

it("drops a line of which a part is missing, and goes on with the next", () => {
  const [first, , third] = packLines(numbered("x".repeat(90)), writer, 33).messages;
  const [next] = packLines(numbered("y"), { by: "coordinator-b", start: "s2" }).messages;
  const assembler = new LineAssembler();
  const taken = [first, third, next].flatMap((m) => (m === undefined ? [] : assembler.take(m)));
  expect(taken).toEqual([{ seq: 7, line: "y" }]);
});

it("refuses what is something else", () => {
  for (const text of ["no line", "{}\nbytes", "not json\nbytes"]) {
    expect(decodeMessage(Buffer.from(text), secret)).toBeNull();
    expect(decodeMessage(secret.seal(Buffer.from(text)), secret)).toBeNull();
  }
  const head = { v: 1 as const, ...writer, first: 1, part: 0, parts: 1 };
  const message = { head, bytes: Buffer.from("x\n") };
  expect(decodeMessage(encodeMessage(message, new PairSecret(key())), secret)).toBeNull();
});
