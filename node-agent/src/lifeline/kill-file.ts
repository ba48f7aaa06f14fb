import { closeSync, constants, lstatSync, openSync, readSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { terminalLine } from "@redline/shared";

const POLL_MS = 200;
const REASON_BYTES = 300;
/** A file that is older was there before this daemon looked, or its clock is another's. */
const MOST_AGE_MS = 10_000;

/**
 * One path whose appearance is an order. Looked for with calls that return at once and wait for no thread: those that an
 * attempt's files keep busy must not delay it. Whatever lies there counts, a folder or a broken link too.
 */
export class KillFile {
  readonly #path: string;
  #there = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Age in ms at the first look that finds it; null when it is not there, or was seen before. @throws where it cannot be looked for. */
  appeared(): number | null {
    const found = lstatSync(this.#path, { throwIfNoEntry: false });
    if (found === undefined) {
      this.#there = false;
      return null;
    }
    if (this.#there) return null;
    this.#there = true;
    const ageMs = Date.now() - found.ctimeMs;
    return ageMs > 0 && ageMs < MOST_AGE_MS ? ageMs : 0;
  }

  /** It was removed on purpose: one that is there at the next look is a new one. */
  forget(): void {
    this.#there = false;
  }

  /** One line of its first bytes; empty when it holds none, or is no file. */
  reason(): string {
    let file: number;
    try {
      file = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch {
      return "";
    }
    try {
      const bytes = Buffer.alloc(REASON_BYTES);
      return terminalLine(bytes.toString("utf8", 0, readSync(file, bytes, 0, REASON_BYTES, 0)).trim(), 250);
    } catch {
      return "";
    } finally {
      closeSync(file);
    }
  }

  /**
   * Watches its folder, and looks by itself every 200 ms: a watch is lost with the folder, and not every file system has one.
   * @param onProblem told of an error once, until a look succeeds again.
   */
  watch(signal: AbortSignal, onAppeared: (ageMs: number) => void, onProblem: (error: unknown) => void): void {
    let failing = false;
    const look = () => {
      try {
        const ageMs = this.appeared();
        failing = false;
        if (ageMs !== null) onAppeared(ageMs);
      } catch (error) {
        if (!failing) onProblem(error);
        failing = true;
      }
    };
    const watched = new WatchedFolder(this.#path, look);
    const timer = setInterval(() => {
      look();
      watched.renew();
    }, POLL_MS);
    watched.renew();
    look();
    const end = () => {
      clearInterval(timer);
      watched.end();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  }
}

/** A watch of the folder that has this path now. */
class WatchedFolder {
  readonly #folder: string;
  readonly #name: string;
  readonly #onEvent: () => void;
  #watcher: FSWatcher | null = null;
  #inode: bigint | null = null;

  constructor(path: string, onEvent: () => void) {
    this.#folder = dirname(path);
    this.#name = basename(path);
    this.#onEvent = onEvent;
  }

  /** Watches anew where another folder has taken the place. Without one, the looks must do. */
  renew(): void {
    try {
      const inode = lstatSync(this.#folder, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
      if (inode === this.#inode) return;
      this.end();
      this.#inode = inode;
      if (inode === null) return;
      this.#watcher = watch(this.#folder, { persistent: false }, (_, name) => {
        if (name === null || name === this.#name) this.#onEvent();
      });
      this.#watcher.on("error", () => this.end());
    } catch {
      this.end();
    }
  }

  end(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#inode = null;
  }
}
