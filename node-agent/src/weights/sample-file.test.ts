import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightsSampleSchema } from "@redline/shared";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pickBlocks, sampleFile } from "./sample-file.ts";

const content = randomBytes(100_500);
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-sample-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function sample(bytes: Buffer, nonce: string, options = {}) {
  const path = join(dir, "file");
  await writeFile(path, bytes);
  await using file = await open(path);
  return await sampleFile(file, bytes.length, nonce, options);
}

it("picks blocks that a reviewer recomputes from the nonce", () => {
  // By another program: first 8 bytes big-endian modulo 1000; recomputed outside.
  expect(pickBlocks("n0nce", 1000, 4)).toEqual([470, 433, 330, 83]);
  expect(new Set(pickBlocks("x", 65, 64)).size).toBe(64);
  expect(pickBlocks("x", 3, 64)).toEqual([0, 1, 2]);
});

it("hashes those blocks in that order, the short last one too", async () => {
  const options = { blocks: 40, blockBytes: 1000 };
  const hash = createHash("sha256");
  for (const block of pickBlocks("abc", 101, 40))
    hash.update(content.subarray(block * 1000, (block + 1) * 1000));
  const result = await sample(content, "abc", options);
  expect(result).toEqual({
    ok: true,
    sample: { nonce: "abc", size: 100_500, blockBytes: 1000, blocks: 40, sha256: hash.digest("hex") },
  });
  expect(weightsSampleSchema.safeParse(result.ok ? result.sample : null).success).toBe(true);
});

it("takes a small file whole, and an empty one", async () => {
  const whole = createHash("sha256").update(content).digest("hex");
  expect(await sample(content, "abc")).toMatchObject({
    sample: { blocks: 1, blockBytes: 100_500, sha256: whole },
  });
  const result = await sample(Buffer.alloc(0), "abc");
  expect(weightsSampleSchema.safeParse(result.ok ? result.sample : null).success).toBe(true);
});

it("differs where a picked block differs, and with the nonce", async () => {
  const options = { blocks: 101, blockBytes: 1000 };
  const changed = Buffer.from(content);
  changed[100_499] = (changed[100_499] ?? 0) ^ 1;
  expect(await sample(changed, "abc", options)).not.toEqual(await sample(content, "abc", options));
  const few = { blocks: 3, blockBytes: 1000 };
  expect(await sample(content, "abc", few)).not.toEqual(await sample(content, "abd", few));
});

it("says so when the file shrank", async () => {
  const path = join(dir, "shrinks");
  await writeFile(path, content);
  await using file = await open(path);
  await truncate(path, 50);
  const result = await sampleFile(file, content.length, "abc");
  expect(result.ok ? "" : result.why).toContain("shrank");
});
