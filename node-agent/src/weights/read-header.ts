import { readSync } from "node:fs";
import { familyOf } from "./family.ts";
import { parseGguf, type ParsedHeader } from "./gguf-header.ts";
import type { Outcome, WeightsHeader } from "./hash-protocol.ts";
import { parseSafetensors } from "./safetensors-header.ts";
import { formatOf, MAGIC_BYTES, MOST_HEADER_BYTES } from "./weights-magic.ts";

/** First read; doubled until the header is whole, so that parsing again costs at most as much again. */
const FIRST_BYTES = 1024 * 1024;

/**
 * Reads as much of an open file as its header takes, at most 64 MiB. Synchronous: for the hash threads. `cancelled[0]` not 0
 * ends it.
 */
export function readHeader(
  fd: number,
  size: number,
  mark: string,
  cancelled: Int32Array,
): Outcome<WeightsHeader> {
  let bytes: Buffer = Buffer.alloc(0);
  for (let want = FIRST_BYTES; ; want *= 2) {
    if (Atomics.load(cancelled, 0) !== 0) return { ok: false, why: "aborted" };
    bytes = extend(fd, bytes, Math.min(want, size, MOST_HEADER_BYTES));
    const format = formatOf(bytes.subarray(0, MAGIC_BYTES), size);
    const marked = (end: number) => mark !== "" && bytes.subarray(0, end).includes(mark, 0, "utf8");
    if (format === "other")
      return {
        ok: true,
        value: { format, family: "", tensors: 0, headerBytes: bytes.length, mark: marked(bytes.length) },
      };
    const parsed: ParsedHeader = format === "gguf" ? parseGguf(bytes) : parseSafetensors(bytes, size);
    if (parsed.kind === "bad") return { ok: false, why: `${format} header: ${parsed.why}` };
    if (parsed.kind === "header") {
      const { tensors, bytes: end } = parsed;
      return {
        ok: true,
        value: {
          format,
          family: familyOf(tensors),
          tensors: tensors.length,
          headerBytes: end,
          mark: marked(end),
        },
      };
    }
    // A file that shrank meanwhile gives fewer bytes than were asked for.
    if (bytes.length < Math.min(want, MOST_HEADER_BYTES) || bytes.length >= size)
      return { ok: false, why: `${format} header: the file ends in it` };
    if (bytes.length >= MOST_HEADER_BYTES) return { ok: false, why: `${format} header: longer than 64 MiB` };
  }
}

/** `have` and what follows it in the file, up to `length`; shorter where the file ends. */
function extend(fd: number, have: Buffer, length: number): Buffer {
  if (length <= have.length) return have;
  const all = Buffer.allocUnsafe(length);
  let filled = have.copy(all);
  while (filled < length) {
    const n = readSync(fd, all, filled, length - filled, filled);
    if (n === 0) break;
    filled += n;
  }
  return all.subarray(0, filled);
}
