import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import { openTime, signTime } from "./clock.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const node = nodeIdSchema.parse("n1");
const id = "0123456789abcdef";
const said = signTime({ node, id, epoch: 3, t1Ms: 10.5, t2Ms: 10.75 }, privateKey);

it("gives the clock to the node that asked, and to its one question", () => {
  expect(openTime(said, { publicKey, node, id })).toMatchObject({ epoch: 3, t1Ms: 10.5, t2Ms: 10.75 });
  expect(openTime(Buffer.from(said), { publicKey, node, id })).not.toBeNull();
});

it("takes no other question's answer, another node's, another key's, a changed one, or what is none", () => {
  expect(openTime(said, { publicKey, node, id: "f".repeat(16) })).toBeNull();
  expect(openTime(said, { publicKey, node: nodeIdSchema.parse("n2"), id })).toBeNull();
  expect(openTime(said, { publicKey: generateKeyPairSync("ed25519").publicKey, node, id })).toBeNull();
  expect(openTime(said.replace("10.5", "99.5"), { publicKey, node, id })).toBeNull();
  for (const text of ["", "{}", "null", '{"v":1,"payload":"{}","sig":""}'])
    expect(openTime(text, { publicKey, node, id })).toBeNull();
});
