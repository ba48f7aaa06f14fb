import type { FileHandle } from "node:fs/promises";
import { SHARD_BYTES } from "@redline/shared";
import { sharedHashPool, type HashPool } from "./hash-pool.ts";

export interface HashOptions {
  /** Default: the process's own. */
  readonly pool?: HashPool;
  /** Default `SHARD_BYTES`; manifests compare only where it is the same. */
  readonly shardBytes?: number;
  readonly signal?: AbortSignal;
}

/** sha256 of each shard in order, or why there is none. */
export type HashResult =
  { readonly ok: true; readonly shards: string[] } | { readonly ok: false; readonly why: string };

/**
 * Digests of the first `size` bytes of an open file, shard by shard on the pool's threads, all through the descriptor: no path
 * is opened. An empty file has one shard, of nothing. A file that shrinks, cannot be read, or an abort is a value, never an
 * exception; after any of them the rest is not read. The caller keeps `file` open until this resolves.
 */
export async function hashFile(
  file: FileHandle,
  size: number,
  options: HashOptions = {},
): Promise<HashResult> {
  const { pool = sharedHashPool(), shardBytes = SHARD_BYTES, signal } = options;
  if (!(shardBytes >= 1)) throw new RangeError("shardBytes must be at least 1");
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const count = Math.max(1, Math.ceil(size / shardBytes));
  const shards: string[] = new Array<string>(count).fill("");
  let next = 0;
  const failures: string[] = [];

  // As many lanes as threads: a terabyte does not make a queue of thousands in front of the next file.
  async function lane() {
    for (let index = next++; index < count && failures.length === 0; index = next++) {
      const start = index * shardBytes;
      const end = Math.min(size, start + shardBytes);
      const result = await pool.run({ kind: "shard", fd: file.fd, start, end }, either);
      if (result.ok && typeof result.value === "string") shards[index] = result.value;
      else {
        failures.push(result.ok ? "the pool answered another question" : result.why);
        failed.abort();
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(pool.threads, count) }, lane));
  const [why] = failures;
  return why === undefined ? { ok: true, shards } : { ok: false, why };
}
