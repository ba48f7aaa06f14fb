import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, rm, truncate, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SHARD_BYTES } from "@redline/shared";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ggufBytes } from "./bytes-fixture.ts";
import { hashFile, type HashResult } from "./hash-file.ts";
import { createHashPool } from "./hash-pool.ts";
import { manifestOf, referenceManifest } from "./reference-manifest.ts";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const whyOf = (result: HashResult) => (result.ok ? "" : result.why);
const shardBytes = 1_000_000;
const content = randomBytes(3_400_000);
const expected = [0, 1, 2, 3].map((n) => sha256(content.subarray(n * shardBytes, (n + 1) * shardBytes)));

let dir = "";
let path = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-hash-"));
  path = join(dir, "weights.bin");
  await writeFile(path, content);
});
afterAll(() => rm(dir, { recursive: true }));

it.each([1, 2])("gives the digest of each shard in order, with %d threads", async (threads) => {
  await using pool = createHashPool({ threads });
  await using file = await open(path);
  expect(await hashFile(file, content.length, { pool, shardBytes })).toEqual({ ok: true, shards: expected });
});

it("has one shard, which is the file's sha256, up to the shard size, and for an empty file", async () => {
  await using file = await open(path);
  expect(await hashFile(file, content.length)).toEqual({ ok: true, shards: [sha256(content)] });
  expect(await hashFile(file, 0)).toEqual({ ok: true, shards: [sha256(Buffer.alloc(0))] });
  expect(SHARD_BYTES).toBeGreaterThan(content.length);
});

it("reads through the descriptor: a name that is gone or another's does not matter", async () => {
  const name = join(dir, "gone.bin");
  await writeFile(name, content);
  await using file = await open(name);
  await unlink(name);
  await writeFile(name, "decoy");
  expect(await hashFile(file, content.length, { shardBytes })).toEqual({ ok: true, shards: expected });
});

it("says so when the file is shorter than it was", async () => {
  const name = join(dir, "shrinks.bin");
  await writeFile(name, content);
  await using file = await open(name);
  await truncate(name, 2_100_000);
  const result = await hashFile(file, content.length, { shardBytes });
  expect(whyOf(result)).toContain("shrank");
});

it("says so when it cannot be read, and the pool still works", async () => {
  await using pool = createHashPool({ threads: 1 });
  await using folder = await open(dir);
  expect(whyOf(await hashFile(folder, 100, { pool }))).toContain("EISDIR");
  await using file = await open(path);
  expect((await hashFile(file, content.length, { pool })).ok).toBe(true);
});

it("ends at an abort, before and while it hashes, and leaves no queue behind", async () => {
  await using pool = createHashPool({ threads: 1 });
  // Holes read as zeros: minutes of work that no disk holds.
  const sparse = join(dir, "sparse.bin");
  await writeFile(sparse, "");
  await truncate(sparse, 2 ** 40);
  await using file = await open(sparse);
  expect(await hashFile(file, 2 ** 40, { pool, signal: AbortSignal.abort() })).toEqual({
    ok: false,
    why: "aborted",
  });
  const control = new AbortController();
  const both = [1, 2].map(() => hashFile(file, 2 ** 40, { pool, signal: control.signal }));
  setImmediate(() => control.abort());
  expect(await Promise.all(both)).toEqual([1, 2].map(() => ({ ok: false, why: "aborted" })));
  await using small = await open(path);
  expect((await hashFile(small, content.length, { pool })).ok).toBe(true);
});

it("fails the job of a thread that dies, and goes on with a fresh one", async () => {
  const dead = new URL(`data:text/javascript,${encodeURIComponent("throw new Error('no thread')")}`);
  await using pool = createHashPool({ threads: 1, workerUrl: dead });
  await using file = await open(path);
  expect(whyOf(await hashFile(file, content.length, { pool }))).toContain("no thread");
  expect((await hashFile(file, content.length, { pool })).ok).toBe(false);
});

it("answers who still waits when the pool is closed", async () => {
  const pool = createHashPool({ threads: 1 });
  await using file = await open(path);
  const waiting = hashFile(file, content.length, { pool, shardBytes: 1000 });
  await pool[Symbol.asyncDispose]();
  expect(await waiting).toEqual({ ok: false, why: "the hash pool is closed" });
});

it("describes the reference files of a specimen", async () => {
  const gguf = ggufBytes();
  await writeFile(join(dir, "a.gguf"), gguf);
  const files = await referenceManifest(dir, ["a.gguf", "weights.bin"], { shardBytes });
  expect(files[0]?.family).toMatch(/^[0-9a-f]{64}$/);
  expect(files).toMatchObject([
    { name: "a.gguf", size: gguf.length, shards: [sha256(gguf)] },
    { name: "weights.bin", size: content.length, shards: expected, family: "" },
  ]);
  expect(await manifestOf([{ name: "w/b", path }], { shardBytes })).toMatchObject([
    { name: "w/b", shards: expected },
  ]);
  await expect(referenceManifest(dir, ["none.gguf"])).rejects.toThrow(/none\.gguf cannot be opened: check/);
  await expect(referenceManifest(dir, ["."])).rejects.toThrow(/no regular file/);
});
