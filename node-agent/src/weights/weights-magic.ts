/** Bytes that `formatOf` needs from the start of a file. */
export const MAGIC_BYTES = 16;

/** Most a header may take; a real one of the largest public models takes about 10 MB. */
export const MOST_HEADER_BYTES = 64 * 1024 * 1024;

const GGUF = Buffer.from("GGUF", "ascii");
const OPEN_BRACE = 0x7b;

/**
 * Format by the first bytes: GGUF's magic, or safetensors' 8-byte little-endian length of a JSON object which fits into the
 * file. `other` says nothing against a file: formats without a magic exist.
 */
export function formatOf(start: Buffer, size: number): "gguf" | "safetensors" | "other" {
  if (start.length >= 4 && start.subarray(0, 4).equals(GGUF)) return "gguf";
  if (start.length < 9 || start[8] !== OPEN_BRACE) return "other";
  const length = start.readBigUInt64LE();
  return length >= 2n && length <= BigInt(size - 8) && length <= BigInt(MOST_HEADER_BYTES)
    ? "safetensors"
    : "other";
}
