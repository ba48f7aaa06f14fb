import { open } from "node:fs/promises";

const MAX_LINES = 1000;
const MAX_BYTES = 4_194_304;

/** Reads lines of the journal back from its file by number; remembers only where each line starts. */
export class JournalReader {
  readonly #path: string;
  /** Byte offset of the end of line n at index n; index 0 is the start of the file. */
  readonly #ends: number[] = [0];
  readonly #waiting = new Set<() => void>();

  constructor(path: string) {
    this.#path = path;
  }

  get head(): number {
    return this.#ends.length - 1;
  }

  /** Tells the reader of a line that is now on disk. */
  added(line: string): void {
    this.#ends.push((this.#ends.at(-1) ?? 0) + Buffer.byteLength(line) + 1);
    this.end();
  }

  /** Wakes everyone who waits for a line. */
  end(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Lines after `after`, at most 1000 and 4 MiB, but at least one where there is one. */
  async read(after: number): Promise<string[]> {
    const start = this.#ends[Math.max(0, after)];
    if (start === undefined || after >= this.head) return [];
    let last = Math.max(0, after) + 1;
    const limit = Math.min(this.head, last + MAX_LINES - 1);
    while (last < limit && (this.#ends[last + 1] ?? 0) - start <= MAX_BYTES) last += 1;
    const bytes = Buffer.alloc((this.#ends[last] ?? start) - start);
    const file = await open(this.#path, "r");
    try {
      await file.read(bytes, 0, bytes.length, start);
    } finally {
      await file.close();
    }
    return bytes.toString("utf8").trimEnd().split("\n");
  }

  /** Resolves when there is a line after `after`, when `ms` have gone by, or at the end. */
  async waitBeyond(after: number, ms: number): Promise<void> {
    if (this.head > after || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }
}
