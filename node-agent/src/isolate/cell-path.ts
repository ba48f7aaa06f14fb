import { closeSync, constants, fstatSync, openSync, readlinkSync, type BigIntStats } from "node:fs";

/** Gives a name without opening what it names: no device is touched, no FIFO waits. Linux; not among Node's constants. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** As many as the kernel follows. */
const MOST_LINKS = 40;
const MOST_PARTS = 256;

/** A thing in a cell, held by descriptor: what its name leads to later does not matter any more. */
export class Held implements Disposable {
  readonly descriptor: number;
  readonly stat: BigIntStats;
  /** Wall time at which it, or the newest link on the way to it, was last written or given a name; no process can set it. */
  readonly changedMs: number;

  /** @param linkChangedMs of the newest link on the way, 0 without one. */
  constructor(descriptor: number, linkChangedMs: number) {
    this.descriptor = descriptor;
    this.stat = fstatSync(descriptor, { bigint: true });
    this.changedMs = Math.max(linkChangedMs, Number(this.stat.ctimeMs));
  }

  /** Opens the held thing itself for reading. The caller closes it. @throws Error when it is no regular file. */
  openToRead(): number {
    if (!this.stat.isFile()) throw new Error("not a regular file");
    return openSync(`/proc/self/fd/${this.descriptor}`, O_RDONLY | O_NONBLOCK);
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}

/**
 * Looks a path up as the process itself would, from its root and in its mount namespace: component by component, symbolic links
 * taken as text and only inside that root (as RESOLVE_IN_ROOT does), so no name that an agent planted leads out of the cell.
 * @param path absolute, as in the cell
 * @param links `refuse`: a symbolic link anywhere is an error
 * @throws Error when there is no such thing
 */
export function openInCell(pid: number, path: string, links: "follow" | "refuse" = "follow"): Held {
  const folders = [openSync(`/proc/${pid}/root`, O_PATH | O_DIRECTORY)];
  const at = () => `/proc/self/fd/${folders.at(-1) ?? -1}`;
  let linkChangedMs = 0;
  try {
    const parts = partsOf(path);
    for (let linksLeft = MOST_LINKS, steps = 0; ; steps += 1) {
      const part = parts.shift();
      if (part === undefined) return new Held(folders.pop() ?? -1, linkChangedMs);
      if (steps > MOST_PARTS) throw new Error("too many parts");
      if (part === "..") {
        // The root's parent is the root.
        if (folders.length > 1) closeSync(folders.pop() ?? -1);
        continue;
      }
      const next = openSync(`${at()}/${part}`, O_PATH | O_NOFOLLOW);
      const stat = fstatSync(next);
      if (stat.isSymbolicLink()) {
        closeSync(next);
        linksLeft -= 1;
        linkChangedMs = Math.max(linkChangedMs, stat.ctimeMs);
        if (links === "refuse" || linksLeft < 0) throw new Error("a symbolic link");
        const target = readlinkSync(`${at()}/${part}`);
        if (target.startsWith("/")) folders.splice(1).forEach((folder) => closeSync(folder));
        parts.unshift(...partsOf(target));
        continue;
      }
      if (parts.length > 0 && !stat.isDirectory()) {
        closeSync(next);
        throw new Error(`${part} is no folder`);
      }
      folders.push(next);
    }
  } finally {
    folders.forEach((folder) => closeSync(folder));
  }
}

function partsOf(path: string): string[] {
  if (path.includes("\0")) throw new Error("not a path");
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
