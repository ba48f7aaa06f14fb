import { closeSync, openSync, writeSync } from "node:fs";

/** Large pieces first, then what is smaller than any record. */
const PIECES = [1_048_576, 4096, 1];
/** A disk that takes more than this is not the small one that it should be, bytes. */
const MOST = 1_073_741_824;

/** Writes to a file until its disk takes not one byte more. @throws RangeError where that would be more than a GiB. */
export function fillDisk(path: string): void {
  const file = openSync(path, "w");
  try {
    let written = 0;
    for (const piece of PIECES) {
      const zeros = Buffer.alloc(piece);
      for (let took = writeSome(file, zeros); took > 0; took = writeSome(file, zeros)) {
        written += took;
        if (written > MOST) throw new RangeError(`${path} is on a disk of more than a GiB`);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Bytes that it took; none where the disk is full. */
function writeSome(file: number, bytes: Buffer): number {
  try {
    return writeSync(file, bytes);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return 0;
    throw error;
  }
}
