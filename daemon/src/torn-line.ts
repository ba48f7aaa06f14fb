import { open } from "node:fs/promises";
import type { JournalTail } from "./journal-lines.ts";

const CHUNK_BYTES = 1_048_576;

/**
 * Cuts a torn last line off a journal, after its bytes are on disk at the end of `<path>.torn`. The whole
 * lines before it are not written again: a crash in between leaves the journal as it was.
 */
export async function cutTornLine(path: string, { offset, bytes }: JournalTail): Promise<void> {
  const journal = await open(path, "r+");
  try {
    const keep = await open(`${path}.torn`, "a");
    try {
      const buffer = Buffer.allocUnsafe(Math.min(bytes, CHUNK_BYTES));
      // Ends when the torn bytes are copied, or where the file has become shorter.
      for (let at = offset; at < offset + bytes;) {
        const { bytesRead } = await journal.read(buffer, 0, Math.min(buffer.length, offset + bytes - at), at);
        if (bytesRead === 0) break;
        await keep.appendFile(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      await keep.appendFile("\n");
      await keep.datasync();
    } finally {
      await keep.close();
    }
    await journal.truncate(offset);
    await journal.datasync();
  } finally {
    await journal.close();
  }
}
