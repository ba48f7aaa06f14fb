import type { FileHandle } from "node:fs/promises";
import { sharedHashPool, type HashPool } from "./hash-pool.ts";
import type { Outcome, WeightsHeader } from "./hash-protocol.ts";

/**
 * Reads a file's header as hostile: at most 64 MiB and 1,000,000 tensors, in a thread whose memory is limited. A header that
 * lies (counts, sizes, offsets, lengths) gives an error value. `mark` empty: none is looked for.
 */
export async function headerOf(
  file: FileHandle,
  size: number,
  options: { readonly mark?: string; readonly pool?: HashPool; readonly signal?: AbortSignal } = {},
): Promise<Outcome<WeightsHeader>> {
  const { mark = "", pool = sharedHashPool(), signal } = options;
  const result = await pool.run({ kind: "header", fd: file.fd, size, mark }, signal);
  if (!result.ok) return result;
  return typeof result.value === "string"
    ? { ok: false, why: "the pool answered another question" }
    : { ok: true, value: result.value };
}
