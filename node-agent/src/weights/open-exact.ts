import { closeSync, constants, fstatSync, openSync, type BigIntStats } from "node:fs";

/** Of Linux on every architecture that Node runs on; Node does not name it. */
const O_PATH = 0o10000000;
/** `O_NONBLOCK` also keeps a lease that the agent took on the file from holding us up. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** A regular file that a link of `/proc` led to; the caller closes `fd`, which can be looked at but not read. */
export interface ExactFile {
  readonly fd: number;
  readonly stat: BigIntStats;
}

/**
 * What is behind a path or magic link, without opening it: nothing happens to a FIFO, socket or device. Null for what is no
 * regular file or cannot be reached.
 */
export function pointAt(path: string, more = 0): ExactFile | null {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | more);
  } catch {
    return null;
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile()) return { fd, stat };
  closeSync(fd);
  return null;
}

/** A readable descriptor of the very file that `file` points at; -1 when the kernel refuses (for now, where a lease is held). */
export function readable(file: ExactFile): number {
  try {
    return openSync(`/proc/self/fd/${file.fd}`, READ);
  } catch {
    return -1;
  }
}

/**
 * The file behind a mapping: through `map_files`, or, where the kernel keeps that to the machine's real root, by its path in
 * the process's own view, and then only if it is the mapped file by device and inode. Null when neither leads to it.
 */
export function pointAtMapped(
  pid: number,
  mapped: { readonly range: string; readonly path: string },
  isIt: (stat: BigIntStats) => boolean,
): ExactFile | null {
  const direct = pointAt(`/proc/${pid}/map_files/${mapped.range}`);
  // A range that was given away meanwhile may be another file's: that one is as truly mapped, but is looked at in its own turn.
  if (direct !== null) return direct;
  const byPath = pointAt(`/proc/${pid}/root${mapped.path}`, constants.O_NOFOLLOW);
  if (byPath === null || isIt(byPath.stat)) return byPath;
  closeSync(byPath.fd);
  return null;
}
