import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { ChainVerifier, linkRecord, nextInChain, type ChainHead } from "@redline/shared";
import { JournalBrokenError } from "./journal-broken-error.ts";
import { streamLines, type OnLine } from "./journal-lines.ts";
import { cutTornLine } from "./torn-line.ts";

const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants;

/** A chained record and the exact line that holds it. */
export interface Appended<T> {
  readonly record: T & { seq: number; prev: string };
  readonly line: string;
}

/** One that has its place in the chain, and is on disk when `onDisk` resolves. */
export interface Placed<T> extends Appended<T> {
  readonly onDisk: Promise<void>;
}

/** The longest that a record which may wait does so before its write begins. */
const SOON_MS = 5;

/**
 * Append-only, hash-chained JSONL file. `append` resolves when the line is on disk (O_DSYNC); appends
 * that arrive while one is being written share the next write. One process owns the file at a time.
 */
export interface JournalFile<T extends object> extends AsyncDisposable {
  readonly path: string;
  head(): ChainHead;
  /**
   * @param when `soon`: the record takes its place in the chain now, and is written with the next record that cannot wait, or a few
   * milliseconds later. For what nothing else waits for.
   * @throws the write error of its batch; the journal refuses everything after a failed write.
   */
  append(record: T, when?: "now" | "soon"): Promise<Appended<T>>;
  /**
   * The same for who must know the record's place before it is on disk.
   * @throws when the journal refuses; a failed write rejects `onDisk`.
   */
  place(record: T, when?: "now" | "soon"): Placed<T>;
  /**
   * Appends a line that another process chained, byte for byte: it must be the next one of this very chain.
   * @throws JournalBrokenError where it is not, and then nothing is written; else as `append`.
   */
  take(line: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens or creates a journal and verifies its whole chain, line by line. A torn last line (crash in
 * mid-write) never counted: it is moved to `<path>.torn` and cut off. A journal that does not verify is
 * left as it is.
 * @param onLine gets each line, with its number from 1, once it is known to continue the chain; a line
 * after it may still break the chain, and then this rejects. Without it the lines are given as an array, which a
 * journal that grows for ever does not fit into.
 * @throws JournalBrokenError when the chain does not verify; what `onLine` throws.
 */
export async function openJournal<T extends object>(
  path: string,
): Promise<{ journal: JournalFile<T>; lines: string[] }>;
export async function openJournal<T extends object>(
  path: string,
  onLine: OnLine,
): Promise<{ journal: JournalFile<T> }>;
export async function openJournal<T extends object>(
  path: string,
  onLine?: OnLine,
): Promise<{ journal: JournalFile<T>; lines: string[] }> {
  const lines: string[] = [];
  const give = onLine ?? ((line) => void lines.push(line));
  const chain = new ChainVerifier();
  const tail = await streamLines(path, (line, number) => {
    const check = chain.take(line);
    if (!check.ok)
      throw new JournalBrokenError(
        `${path}:${check.line}: ${check.why}; move the file away to start a new journal`,
      );
    give(line, number);
  });
  if (tail.bytes > 0) await cutTornLine(path, tail);
  // Each write ends when it is on disk: one call where a write and an fdatasync would be two, each a way to another thread and back.
  const file = await open(path, O_WRONLY | O_CREAT | O_APPEND | O_DSYNC, 0o666);
  await file.datasync();
  return { journal: new ChainedFile<T>(path, file, chain.head), lines };
}

/** Ends when all of it is on disk. */
async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class ChainedFile<T extends object> implements JournalFile<T> {
  readonly path: string;
  readonly #file: FileHandle;
  #head: ChainHead;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  /** What waits is to be written now, or as soon as the write under way is over. */
  #due = false;
  #soon: NodeJS.Timeout | undefined;
  #failure: unknown = null;

  constructor(path: string, file: FileHandle, head: ChainHead) {
    this.path = path;
    this.#file = file;
    this.#head = head;
  }

  head(): ChainHead {
    return this.#head;
  }

  async append(record: T, when: "now" | "soon" = "now"): Promise<Appended<T>> {
    const placed = this.place(record, when);
    await placed.onDisk;
    return placed;
  }

  place(record: T, when: "now" | "soon" = "now"): Placed<T> {
    if (this.#failure !== null) throw this.#refusal();
    const { record: linked, line, head } = linkRecord(this.#head, record);
    this.#head = head;
    const onDisk = new Promise<void>((resolve, reject) => this.#put({ line, resolve, reject }, when));
    return { record: linked, line, onDisk };
  }

  take(line: string): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#refusal());
    const next = nextInChain(this.#head, line);
    if (!next.ok)
      return Promise.reject(new JournalBrokenError(`${this.path}:${this.#head.seq + 1}: ${next.why}`));
    this.#head = next.head;
    return new Promise((resolve, reject) => this.#put({ line, resolve, reject }, "now"));
  }

  #refusal(): Error {
    return new Error(`${this.path} failed before and takes no more records`, { cause: this.#failure });
  }

  #put(waiting: Waiting, when: "now" | "soon"): void {
    this.#waiting.push(waiting);
    if (when === "now") this.#write();
    else this.#soon ??= setTimeout(() => this.#write(), SOON_MS);
  }

  #write(): void {
    this.#due = true;
    this.#writing ??= this.#drain();
  }

  /** Ends when nothing is due; a failed write rejects its batch and all that still wait. */
  async #drain(): Promise<void> {
    // One turn of the loop, so that records made together are written together.
    await setImmediate();
    while (this.#due) {
      this.#due = false;
      clearTimeout(this.#soon);
      this.#soon = undefined;
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await writeWhole(this.#file, Buffer.from(batch.map((w) => `${w.line}\n`).join("")));
        for (const w of batch) w.resolve();
      } catch (error) {
        this.#failure = error;
        for (const w of [...batch, ...this.#waiting]) w.reject(error);
        this.#waiting = [];
        this.#due = false;
        clearTimeout(this.#soon);
      }
    }
    this.#writing = null;
  }

  async close(): Promise<void> {
    if (this.#waiting.length > 0) this.#write();
    while (this.#writing !== null) await this.#writing;
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
