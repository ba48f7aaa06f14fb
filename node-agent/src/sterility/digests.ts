import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { join } from "node:path";

/** Ends the name of a place that has more in it than is read. */
export const TOO_MANY = ": too many files";

/** Digests of files by path, and what could not be read. Paths are hostile text. */
export interface Digests {
  readonly digests: Readonly<Record<string, string>>;
  readonly unreadable: readonly string[];
}

const MOST_FILES = 5000;
const MOST_DEPTH = 4;
const MOST_BYTES = 1024 * 1024;

/**
 * Digests of regular files at or below these paths: kind, owner, rights and the first MiB. A link counts as its own text and is not
 * followed; nothing that could hang (a FIFO, a device) is read. Synchronous: for threads beside the daemon's own.
 * @param wanted by name; everything when absent.
 */
export function digestFiles(roots: readonly string[], wanted?: (name: string) => boolean): Digests {
  const digests: Record<string, string> = {};
  const unreadable: string[] = [];
  let seen = 0;
  const visit = (path: string, depth: number, named: boolean): void => {
    seen += 1;
    if (seen > MOST_FILES || depth > MOST_DEPTH) {
      if (unreadable.length < 10) unreadable.push(`${path}${TOO_MANY}`);
      return;
    }
    try {
      const about = lstatSync(path, { throwIfNoEntry: false });
      if (about === undefined) return;
      if (about.isDirectory()) {
        for (const name of readdirSync(path).sort())
          visit(join(path, name), depth + 1, wanted === undefined || wanted(name));
        return;
      }
      if (!named) return;
      const what = `${about.mode.toString(8)} ${about.uid}`;
      const content = about.isFile()
        ? contentOf(path)
        : about.isSymbolicLink()
          ? Buffer.from(readlinkSync(path))
          : Buffer.alloc(0);
      digests[path] = createHash("sha256").update(what).update("\n").update(content).digest("hex");
    } catch (error) {
      if (isGone(error)) return;
      unreadable.push(path);
    }
  };
  for (const root of roots) visit(root, 0, true);
  return { digests, unreadable };
}

/** The first MiB of a regular file; empty for anything else. Never waits. @throws as open(2) does. */
export function contentOf(path: string, follow = false): Buffer {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  try {
    if (!fstatSync(fd).isFile()) return Buffer.alloc(0);
    const buffer = Buffer.alloc(Math.min(MOST_BYTES, fstatSync(fd).size + 1));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}

const isGone = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
