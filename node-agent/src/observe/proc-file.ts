import { closeSync, openSync, readlinkSync, readSync, readdirSync } from "node:fs";

/**
 * Synchronous reads of `/proc`, for the snapshot worker: a daemon's main thread must call these for nothing that a cell can make
 * long or slow (`/proc/PID/status`, counts of sockets), and for few of them in a row.
 * A process may vanish between any two calls, so "not there" and "not allowed" are values, never exceptions.
 */

/** One page is what the kernel gives a read of most files here; a long cmdline or status needs more. */
const scratch = Buffer.allocUnsafe(64 * 1024);

/** File descriptor, or -1. The caller closes it with `closeProc`. */
export function openProc(path: string): number {
  try {
    return openSync(path, "r");
  } catch {
    return -1;
  }
}

export function closeProc(fd: number): void {
  closeSync(fd);
}

/**
 * One `read` from the start of an open file, at most `max` (<= 65,536) bytes. The result is a view that the next
 * read overwrites. Null when the process is gone: the descriptor is bound to the process, not to its number.
 */
export function rereadProc(fd: number, max = scratch.length): Buffer | null {
  try {
    return scratch.subarray(0, readSync(fd, scratch, 0, max, 0));
  } catch {
    return null;
  }
}

/** Opens, reads once and closes; a view as of `rereadProc`, null when unreadable. */
export function readProc(path: string, max = scratch.length): Buffer | null {
  const fd = openProc(path);
  if (fd < 0) return null;
  const bytes = rereadProc(fd, max);
  closeSync(fd);
  return bytes;
}

/** Target of a link as text, null when unreadable (or for a kernel thread's `exe`). */
export function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Names in a folder, empty when unreadable. */
export function listProc(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** The inode number in `net:[4026531840]` or `socket:[12345]`, null for any other text. */
export function inodeIn(link: string | null, kind: "net" | "pid" | "socket"): string | null {
  if (link === null || !link.startsWith(`${kind}:[`)) return null;
  return link.slice(kind.length + 2, -1);
}

/** All process numbers of this PID namespace, ascending. */
export function listPids(): number[] {
  const pids: number[] = [];
  for (const name of listProc("/proc")) {
    const first = name.charCodeAt(0);
    if (first >= 0x30 && first <= 0x39) pids.push(Number(name));
  }
  return pids;
}
