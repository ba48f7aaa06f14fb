import { closeSync, readSync } from "node:fs";
import { deviceText } from "./device-text.ts";
import { mountOf, type Mount } from "./mount-table.ts";
import { readable, type ExactFile } from "./open-exact.ts";
import type { HeldFile, WatchReply } from "./watch-protocol.ts";
import { formatOf, MAGIC_BYTES } from "./weights-magic.ts";

/** Most descriptors that a watch holds, whatever the agent opens. */
export const MOST_HELD = 64;
/** A file without a magic counts from this size on. */
export const LEAST_OTHER_BYTES = 1024 * 1024;
const ELF = Buffer.from("\x7fELF", "latin1");

/** `later`: it could not be read now; `never`: no weights, unless it grows. */
export type Taken = { readonly file: HeldFile; readonly mount: Mount } | "later" | "never" | "system";

/**
 * Decides what is a file of weights and keeps a descriptor of each: by magic wherever it lies; without one, if it has at least
 * 1 MiB, is no program, and lies where the cell can write or in no file system at all (a memfd).
 */
export class HeldFiles {
  readonly #held = new Map<string, HeldFile>();
  /** By mount id, for one look: a cell's processes share a few. */
  readonly #mounts = new Map<string, Mount>();
  readonly #tell: (reply: WatchReply) => void;
  #nextId = 1;
  /** Files that found no room or could not be read. */
  missed = 0;

  constructor(tell: (reply: WatchReply) => void) {
    this.#tell = tell;
  }

  startLook(): void {
    this.missed = 0;
    this.#mounts.clear();
  }

  /** `pid`: through which process `file` was reached. The caller closes `file`. */
  take(file: ExactFile, pid: number): Taken {
    const device = deviceText(file.stat.dev);
    const inode = String(file.stat.ino);
    const mount = mountOf(file.fd, pid, this.#mounts);
    const known = this.#held.get(`${device} ${inode}`);
    if (known !== undefined) return { file: known, mount };
    if (file.stat.size === 0n) return "never";
    const fd = readable(file);
    if (fd < 0) return this.#miss();
    const format = formatAt(fd, Number(file.stat.size));
    if (
      format === null ||
      (format === "other" && (Number(file.stat.size) < LEAST_OTHER_BYTES || !mount.writable))
    ) {
      closeSync(fd);
      return mount.writable ? "never" : "system";
    }
    if (!this.#makeRoom(format)) {
      closeSync(fd);
      return this.#miss();
    }
    const held: HeldFile = { id: this.#nextId++, fd, device, inode, format, modifiedNs: file.stat.mtimeNs };
    this.#held.set(`${device} ${inode}`, held);
    this.#tell({ kind: "held", file: held });
    return { file: held, mount };
  }

  #miss(): "later" {
    this.missed += 1;
    return "later";
  }

  /** Known formats push out what is only large. */
  #makeRoom(format: HeldFile["format"]): boolean {
    if (this.#held.size < MOST_HELD) return true;
    const [key, oldest] = [...this.#held].find(([, held]) => held.format === "other") ?? [];
    if (format === "other" || key === undefined || oldest === undefined) return false;
    this.#held.delete(key);
    this.#tell({ kind: "let-go", file: oldest.id });
    return true;
  }
}

/** By its first bytes; null for a program or what cannot be read. */
function formatAt(fd: number, size: number): HeldFile["format"] | null {
  const start = Buffer.alloc(MAGIC_BYTES);
  try {
    const bytes = start.subarray(0, readSync(fd, start, 0, MAGIC_BYTES, 0));
    return bytes.subarray(0, 4).equals(ELF) ? null : formatOf(bytes, size);
  } catch {
    return null;
  }
}
