import { open } from "node:fs/promises";
import { streamLines } from "./journal-lines.ts";

const CHUNK_BYTES = 1_048_576;

/**
 * Moves every line after line `keep` to the end of the file `to`, and cuts them off. They are on disk there before the journal gets
 * shorter, so that a crash in between leaves them in both. The journal must not be open for writing.
 * @returns how many lines were moved.
 */
export async function cutJournalAfter(path: string, keep: number, to: string): Promise<number> {
  let offset = 0;
  let moved = 0;
  await streamLines(path, (line, number) => {
    if (number <= keep) offset += Buffer.byteLength(line) + 1;
    else moved += 1;
  });
  if (moved === 0) return 0;
  const journal = await open(path, "r+");
  try {
    const kept = await open(to, "a", 0o600);
    try {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      // Ends at the end of the file.
      for (let at = offset; ;) {
        const { bytesRead } = await journal.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) break;
        await kept.appendFile(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      await kept.datasync();
    } finally {
      await kept.close();
    }
    await journal.truncate(offset);
    await journal.datasync();
  } finally {
    await journal.close();
  }
  return moved;
}
