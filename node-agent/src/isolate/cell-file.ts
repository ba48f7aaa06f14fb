import { closeSync, read } from "node:fs";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import type { Cell } from "../cell/cell.ts";
import { openInCell } from "./cell-path.ts";

const readAt = promisify(read);
const CHUNK_BYTES = 1024 * 1024;

/** First bytes of a regular file of the cell as text, no link followed; null when there is none. Hostile text. */
export async function readCellFile(
  cell: Pick<Cell, "initPid">,
  path: string,
  bytes: number,
): Promise<string | null> {
  let descriptor = -1;
  try {
    using held = openInCell(cell.initPid, path, "refuse");
    descriptor = held.openToRead();
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await readAt(descriptor, buffer, 0, bytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return null;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

/**
 * sha256 of an open regular file, in hex; the pages come in through libuv's pool.
 * @throws Error when it has more than `most` bytes, also when it grows meanwhile
 */
export async function digestOf(descriptor: number, most: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await readAt(descriptor, buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest("hex");
    at += bytesRead;
    if (at > most) throw new Error(`more than ${most} bytes`);
    hash.update(buffer.subarray(0, bytesRead));
  }
}
