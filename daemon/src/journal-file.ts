import { open, readFile, rename, type FileHandle } from "node:fs/promises";
import { EMPTY_HEAD, linkRecord, verifyChain, type ChainHead } from "@redline/shared";

/** The journal on disk does not verify: nothing is appended to it, nothing is lost. */
export class JournalBrokenError extends Error {
  override readonly name = "JournalBrokenError";
}

/** A chained record and the exact line that holds it. */
export interface Appended<T> {
  readonly record: T & { seq: number; prev: string };
  readonly line: string;
}

/**
 * Append-only, hash-chained JSONL file. `append` resolves when the line is on disk (fdatasync); appends
 * that arrive while one is being written share the next write. One process owns the file at a time.
 */
export interface JournalFile<T extends object> extends AsyncDisposable {
  readonly path: string;
  head(): ChainHead;
  /** @throws the write error of its batch; the journal refuses everything after a failed write. */
  append(record: T): Promise<Appended<T>>;
  close(): Promise<void>;
}

/**
 * Opens or creates a journal and verifies its whole chain. A torn last line (crash in mid-write) never
 * counted: it is moved to `<path>.torn` and cut off.
 * @returns the journal and the lines it held.
 * @throws JournalBrokenError when the chain does not verify.
 */
export async function openJournal<T extends object>(
  path: string,
): Promise<{ journal: JournalFile<T>; lines: string[] }> {
  const { lines, torn } = await readJournalLines(path);
  if (torn !== "") await cutTornLine(path, lines, torn);
  const check = verifyChain(lines);
  if (!check.ok)
    throw new JournalBrokenError(
      `${path}:${check.line}: ${check.why}; move the file away to start a new journal`,
    );
  const file = await open(path, "a");
  await file.datasync();
  return { journal: new ChainedFile<T>(path, file, check.head), lines };
}

/** Complete lines of a journal file, and what stands after the last newline. A missing file has none. */
export async function readJournalLines(path: string): Promise<{ lines: string[]; torn: string }> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { lines: [], torn: "" };
    throw error;
  }
  const parts = text.split("\n");
  const torn = parts.pop() ?? "";
  return { lines: parts, torn };
}

async function cutTornLine(path: string, lines: readonly string[], torn: string): Promise<void> {
  const keep = await open(`${path}.torn`, "a");
  await keep.appendFile(`${torn}\n`);
  await keep.close();
  const fresh = await open(`${path}.new`, "w");
  await fresh.writeFile(lines.map((line) => `${line}\n`).join(""));
  await fresh.datasync();
  await fresh.close();
  await rename(`${path}.new`, path);
}

interface Waiting<T> {
  readonly line: string;
  readonly appended: Appended<T>;
  readonly resolve: (appended: Appended<T>) => void;
  readonly reject: (error: unknown) => void;
}

class ChainedFile<T extends object> implements JournalFile<T> {
  readonly path: string;
  readonly #file: FileHandle;
  #head: ChainHead;
  #waiting: Waiting<T>[] = [];
  #writing: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(path: string, file: FileHandle, head: ChainHead = EMPTY_HEAD) {
    this.path = path;
    this.#file = file;
    this.#head = head;
  }

  head(): ChainHead {
    return this.#head;
  }

  append(record: T): Promise<Appended<T>> {
    if (this.#failure !== null)
      return Promise.reject(
        new Error(`${this.path} failed before and takes no more records`, { cause: this.#failure }),
      );
    const linked = linkRecord(this.#head, record);
    this.#head = linked.head;
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        line: linked.line,
        appended: { record: linked.record, line: linked.line },
        resolve,
        reject,
      });
      this.#writing ??= this.#drain();
    });
  }

  /** Ends when nothing waits; a failed write rejects its batch and all that still wait. */
  async #drain(): Promise<void> {
    // One turn of the loop, so that records made together are written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.appendFile(batch.map((w) => `${w.line}\n`).join(""));
        await this.#file.datasync();
        for (const w of batch) w.resolve(w.appended);
      } catch (error) {
        this.#failure = error;
        for (const w of [...batch, ...this.#waiting]) w.reject(error);
        this.#waiting = [];
      }
    }
    this.#writing = null;
  }

  async close(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
