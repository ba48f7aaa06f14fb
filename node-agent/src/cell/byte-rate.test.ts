import { once } from "node:events";
import { expect, it } from "vitest";
import { ByteRate } from "./byte-rate.ts";

it("adds up what waits, and saves next to nothing up", () => {
  let now = 1000;
  const rate = new ByteRate(1000, () => now);
  expect([rate.take(100), rate.take(100), rate.take(100)]).toEqual([0, 100, 200]);
  now = 9000;
  expect([rate.take(100), rate.take(50)]).toEqual([0, 50]);
});

it("gives on every byte in order, no faster than it may", async () => {
  const rate = new ByteRate(20_000);
  const [a, b] = [rate.stream(), rate.stream()];
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
  const started = performance.now();
  const read = async (stream: typeof a) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.end(bytes);
    await once(stream, "end");
    return Buffer.concat(parts);
  };
  expect(await Promise.all([read(a), read(b)])).toEqual([bytes, bytes]);
  // Twice 5000 bytes at 20,000 a second, for both together.
  expect(performance.now() - started).toBeGreaterThan(350);
});
