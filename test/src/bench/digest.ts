import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { spread, type Spread } from "./spread.ts";
import { hashFile } from "../../../node-agent/dist/weights/hash-file.js";
import { createHashPool, type HashPool } from "../../../node-agent/dist/weights/hash-pool.js";

const run = promisify(execFile);
const MIB = 1024 * 1024;
const SHARD_BYTES = 64 * MIB;

type Way = [name: string, work: () => Promise<unknown>];

export interface DigestBench {
  readonly rounds: number;
  readonly bytes: number;
  /** Milliseconds for the whole file, by way; `b3sum` only where it is installed. */
  readonly ways: readonly { readonly name: string; readonly ms: Spread }[];
  /** openssl.median / ours on two threads; the goal is at least 1.6. */
  readonly ratio: number;
  /** openssl.median / ours on one thread. */
  readonly ratioOneThread: number;
}

/**
 * Digest of one file of random bytes that lies in the page cache: ours by shards of 64 MiB on one and two threads, against `openssl dgst
 * -sha256` (one thread) and, if there, `b3sum` on one, in turns. The file is gone when it returns.
 */
export async function benchDigest({ bytes = 1024 * MIB, rounds = 9 } = {}): Promise<DigestBench> {
  const dir = await mkdtemp(join(tmpdir(), "redline-digest-"));
  await using one = createHashPool({ threads: 1 });
  await using two = createHashPool({ threads: 2 });
  try {
    const path = join(dir, "weights.bin");
    await writeRandom(path, bytes);
    const b3sum = await run("b3sum", ["--version"]).then(
      () => true,
      () => false,
    );
    const ways: Way[] = [
      ["ours, 1 thread", () => ours(path, bytes, one)],
      ["ours, 2 threads", () => ours(path, bytes, two)],
      ["openssl", () => run("openssl", ["dgst", "-sha256", path])],
      ...(b3sum ? [["b3sum", () => run("b3sum", ["--num-threads", "1", path])] satisfies Way] : []),
    ];
    const times = ways.map((): number[] => []);
    // Not counted: starts the threads and fills the page cache.
    for (const [, work] of ways) await work();
    for (let round = 0; round < rounds; round += 1)
      for (let step = 0; step < ways.length; step += 1) {
        // Another one is first in each round.
        const index = (round + step) % ways.length;
        const start = performance.now();
        await ways[index]?.[1]();
        times[index]?.push(performance.now() - start);
      }
    const measured = ways.map(([name], index) => ({ name, ms: spread(times[index] ?? []) }));
    const median = (name: string) => measured.find((way) => way.name === name)?.ms.median ?? Number.NaN;
    return {
      rounds,
      bytes,
      ways: measured,
      ratio: median("openssl") / median("ours, 2 threads"),
      ratioOneThread: median("openssl") / median("ours, 1 thread"),
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function ours(path: string, bytes: number, pool: HashPool) {
  await using file = await open(path);
  const result = await hashFile(file, bytes, { pool, shardBytes: SHARD_BYTES });
  if (!result.ok) throw new Error(result.why);
}

async function writeRandom(path: string, bytes: number) {
  await using file = await open(path, "w");
  const chunk = Buffer.allocUnsafe(8 * MIB);
  for (let written = 0; written < bytes; written += chunk.length)
    await file.write(randomFillSync(chunk), 0, Math.min(chunk.length, bytes - written));
}
