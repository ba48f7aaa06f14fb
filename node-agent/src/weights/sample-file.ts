import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { WeightsSample } from "@redline/shared";

export interface SampleOptions {
  /** Default 64; fewer where the file has fewer. */
  readonly blocks?: number;
  /** Default 1 MiB, or the whole file if it is smaller. */
  readonly blockBytes?: number;
  readonly signal?: AbortSignal;
}

const MIB = 1024 * 1024;

/**
 * Which blocks a nonce picks of `total`, in this order: for i = 0, 1, 2, ... the first 8 bytes, big-endian, of
 * sha256("redline-sample:<nonce>:<i>") modulo `total`, leaving out repeats, until there are `count`. All blocks in ascending order
 * where there are no more than `count`. Anybody can recompute it from the record.
 */
export function pickBlocks(nonce: string, total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, index) => index);
  const picked = new Set<number>();
  for (let i = 0; picked.size < count; i += 1) {
    const digest = createHash("sha256").update(`redline-sample:${nonce}:${i}`).digest();
    picked.add(Number(digest.readBigUInt64BE() % BigInt(total)));
  }
  return [...picked];
}

/**
 * sha256 over the picked blocks, one after the other in the order of `pickBlocks`; the file's last block may be shorter. Says that
 * those blocks are there right now, not that no other one was changed: that is what the full digest is for. A file that
 * shrank or cannot be read is a value.
 */
export async function sampleFile(
  file: FileHandle,
  size: number,
  nonce: string,
  options: SampleOptions = {},
): Promise<
  { readonly ok: true; readonly sample: WeightsSample } | { readonly ok: false; readonly why: string }
> {
  const blockBytes = Math.max(1, Math.min(options.blockBytes ?? MIB, size));
  const total = Math.max(1, Math.ceil(size / blockBytes));
  const picked = pickBlocks(nonce, total, options.blocks ?? 64);
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(blockBytes);
  try {
    for (const block of picked) {
      options.signal?.throwIfAborted();
      const start = block * blockBytes;
      const wanted = Math.min(blockBytes, size - start);
      for (let have = 0; have < wanted;) {
        const { bytesRead } = await file.read(buffer, have, wanted - have, start + have);
        if (bytesRead === 0)
          return { ok: false, why: `the file ends at ${start + have} of ${size} bytes: it shrank` };
        have += bytesRead;
      }
      hash.update(buffer.subarray(0, wanted));
    }
  } catch (error) {
    return { ok: false, why: String(error).slice(0, 200) };
  }
  return { ok: true, sample: { nonce, size, blockBytes, blocks: picked.length, sha256: hash.digest("hex") } };
}
