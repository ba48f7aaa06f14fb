import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { PairSecret } from "./pair-secret.ts";

const key = () => generateKeyPairSync("ed25519").privateKey;
const [ours, other] = [key(), key()];

it("is the same for both who have the key, and another for each key", () => {
  const [one, two, third] = [new PairSecret(ours), new PairSecret(ours), new PairSecret(other)];
  expect(one.token).toMatch(/^[0-9a-f]{32}$/);
  expect(two.token).toBe(one.token);
  expect(third.token).not.toBe(one.token);
  expect(two.open(one.seal(Buffer.from("line\n")))?.toString()).toBe("line\n");
  expect(third.open(one.seal(Buffer.from("line\n")))).toBeNull();
});

it("opens nothing that was changed, cut short or never sealed", () => {
  const secret = new PairSecret(ours);
  const sealed = secret.seal(Buffer.from("content"));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(secret.open(changed)).toBeNull();
    expect(secret.open(sealed.subarray(0, at))).toBeNull();
  }
  expect(secret.open(Buffer.from('{"type":"io.nats.jetstream.api.v1.stream_info_response"}'))).toBeNull();
  expect(secret.open(secret.seal(Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
});
