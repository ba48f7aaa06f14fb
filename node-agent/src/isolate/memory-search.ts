import { closeSync, openSync, read, readFileSync } from "node:fs";
import { promisify } from "node:util";

const readAt = promisify(read);
const CHUNK_BYTES = 4 * 1024 * 1024;

export interface MemoryRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Readable memory of a process's own making: heap and anonymous mappings. Not files, whose bytes need not be used, and not the first
 * thread's stack, where arguments and environment lie.
 */
export function ownRanges(maps: string): MemoryRange[] {
  return maps.split("\n").flatMap((line) => {
    const parts = /^([0-9a-f]+)-([0-9a-f]+) r\S\Sp [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/.exec(line);
    const [, from = "", to = "", inode, name = ""] = parts ?? [];
    const own = inode === "0" && (name === "" || name === "[heap]" || name.startsWith("[anon:"));
    return own ? [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }] : [];
  });
}

/**
 * Whether a text stands in that memory, as one byte or two bytes a character. Reads in libuv's pool, a few MiB at a time.
 * @returns null when there was more memory than `most` bytes and the text was not in what was read
 * @throws Error when the memory may not be read, or the process is gone
 */
export async function memoryHolds(pid: number, text: string, most: number): Promise<boolean | null> {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    // After the memory is held: it belongs to one program, whatever runs under this pid a moment later.
    const ranges = ownRanges(readFileSync(`/proc/${pid}/maps`, "latin1"));
    const wanted = [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")];
    let left = most;
    let readable = false;
    for (const { from, to } of ranges) {
      const end = Math.min(to, from + left);
      left -= end - from;
      const found = await rangeHolds(memory, { from, to: end }, wanted);
      if (found === true) return true;
      readable ||= found === false;
    }
    if (!readable && ranges.length > 0) throw new Error("its memory cannot be read");
    return left > 0 ? false : null;
  } finally {
    closeSync(memory);
  }
}

/** Null when nothing of it could be read: it was unmapped meanwhile. */
async function rangeHolds(
  memory: number,
  { from, to }: MemoryRange,
  wanted: readonly Buffer[],
): Promise<boolean | null> {
  const overlap = Math.max(...wanted.map((bytes) => bytes.length)) - 1;
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - from) + overlap);
  let kept = 0;
  let any = false;
  for (let at = from; at < to;) {
    const room = Math.min(buffer.length - kept, to - at);
    const bytesRead = await readAt(memory, buffer, kept, room, at).then(
      (done) => done.bytesRead,
      () => 0,
    );
    if (bytesRead === 0) return any ? false : null;
    any = true;
    const filled = kept + bytesRead;
    if (wanted.some((bytes) => buffer.subarray(0, filled).includes(bytes))) return true;
    kept = Math.min(overlap, filled);
    buffer.copyWithin(0, filled - kept, filled);
    at += bytesRead;
  }
  return false;
}
