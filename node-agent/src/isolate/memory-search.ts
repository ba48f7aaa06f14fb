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

/** A runtime moves what is in its heap, from where was not read yet to where was: one look that finds nothing proves little. */
const LOOKS = 3;

/**
 * Whether a text stands in that memory, as one byte or two bytes a character. Reads in libuv's pool, a few MiB at a time, and all of it
 * again where the text was not found.
 * @returns null when there was more memory than `most` bytes and the text was not in what was read
 * @throws Error when the memory may not be read, or a part of it could not be and the text is not in the rest, or the process is gone
 */
export async function memoryHolds(pid: number, text: string, most: number): Promise<boolean | null> {
  let unread = 0;
  const found = await lookAgain(async () => {
    const look = await memoryHoldsNow(pid, text, most);
    ({ unread } = look);
    return look.found;
  });
  if (found === false && unread > 0) throw new Error(`${unread} bytes of its memory could not be read`);
  return found;
}

/** The first answer that is not no. */
export async function lookAgain(look: () => Promise<boolean | null>, looks = LOOKS): Promise<boolean | null> {
  for (let more = looks; ; more -= 1) {
    const found = await look();
    if (found !== false || more <= 1) return found;
  }
}

/** `unread`: bytes that were still mapped, and could not be read. */
interface Look {
  readonly found: boolean | null;
  readonly unread: number;
}

async function memoryHoldsNow(pid: number, text: string, most: number): Promise<Look> {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    // After the memory is held: it belongs to one program, whatever runs under this pid a moment later.
    const rangesNow = () => ownRanges(readFileSync(`/proc/${pid}/maps`, "latin1"));
    const ranges = rangesNow();
    const wanted = [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")];
    let [left, unread, bytes] = [most, 0, 0];
    for (const { from, to } of ranges) {
      const end = Math.min(to, from + left);
      left -= end - from;
      const look = await rangeHolds(memory, { from, to: end }, wanted, rangesNow);
      if (look.found) return { found: true, unread: 0 };
      unread += look.unread;
      bytes += look.bytes;
    }
    if (bytes === 0 && ranges.length > 0) throw new Error("its memory cannot be read");
    return { found: left > 0 ? false : null, unread };
  } finally {
    closeSync(memory);
  }
}

/** Goes on behind what cannot be read: a page of a range may be out of reach while the next ones are not. */
async function rangeHolds(
  memory: number,
  { from, to }: MemoryRange,
  wanted: readonly Buffer[],
  rangesNow: () => readonly MemoryRange[],
): Promise<{ readonly found: boolean; readonly unread: number; readonly bytes: number }> {
  const overlap = Math.max(...wanted.map((bytes) => bytes.length)) - 1;
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - from) + overlap);
  let [kept, unread, bytes] = [0, 0, 0];
  for (let at = from; at < to;) {
    const room = Math.min(buffer.length - kept, to - at);
    const bytesRead = await readAt(memory, buffer, kept, room, at).then(
      (done) => done.bytesRead,
      () => 0,
    );
    if (bytesRead === 0) {
      // What was unmapped meanwhile is no part of its memory any more.
      const here = rangesNow().find((range) => range.to > at);
      const stays = here !== undefined && here.from <= at;
      const next = Math.min(to, stays ? pageAfter(at) : (here?.from ?? to));
      if (stays) unread += next - at;
      [at, kept] = [next, 0];
      continue;
    }
    bytes += bytesRead;
    const filled = kept + bytesRead;
    if (wanted.some((text) => buffer.subarray(0, filled).includes(text)))
      return { found: true, unread, bytes };
    kept = Math.min(overlap, filled);
    buffer.copyWithin(0, filled - kept, filled);
    at += bytesRead;
  }
  return { found: false, unread, bytes };
}

/** The smallest that any kernel here has. */
const PAGE_BYTES = 4096;
const pageAfter = (address: number) => (Math.floor(address / PAGE_BYTES) + 1) * PAGE_BYTES;
