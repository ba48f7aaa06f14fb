import { closeSync, readSync } from "node:fs";
import { openProc } from "../observe/proc-file.ts";

const chunk = Buffer.allocUnsafe(64 * 1024);

/**
 * At most `most` bytes of a `/proc` file that takes several reads, as UTF-8 text; null when it cannot be read. Synchronous: for
 * threads beside the daemon's own.
 */
export function readText(path: string, most: number): string | null {
  const fd = openProc(path);
  if (fd < 0) return null;
  try {
    const parts: Buffer[] = [];
    for (let have = 0; have < most;) {
      const n = readSync(fd, chunk, 0, Math.min(chunk.length, most - have), null);
      if (n === 0) break;
      parts.push(Buffer.from(chunk.subarray(0, n)));
      have += n;
    }
    return Buffer.concat(parts).toString("utf8");
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
