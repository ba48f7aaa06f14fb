import { open, type FileHandle } from "node:fs/promises";
import { JournalBrokenError } from "./journal-broken-error.ts";

/** Takes one complete line, without its newline, and its number from 1. What it throws ends the reading. */
export type OnLine = (line: string, number: number) => void;

/** What stands after the last newline: where it starts in the file, how long it is, and its text. */
export interface JournalTail {
  readonly offset: number;
  readonly bytes: number;
  readonly torn: string;
}

const CHUNK_BYTES = 1_048_576;
/** No record comes near it; a longer line is no record, and must not be held in memory whole. */
const MAX_LINE_BYTES = 67_108_864;
const NEWLINE = 0x0a;

/**
 * Complete lines of a journal file, and what stands after the last newline. A missing file has none. With
 * `onLine` the lines go there, one at a time, and memory holds one line however long the file is.
 * @throws JournalBrokenError on a line of more than 64 MiB.
 */
export async function readJournalLines(path: string): Promise<{ lines: string[]; torn: string }>;
export async function readJournalLines(path: string, onLine: OnLine): Promise<{ torn: string }>;
export async function readJournalLines(
  path: string,
  onLine?: OnLine,
): Promise<{ lines: string[]; torn: string }> {
  const lines: string[] = [];
  const { torn } = await streamLines(path, onLine ?? ((line) => void lines.push(line)));
  return { lines, torn };
}

/** As `readJournalLines` with a callback, and says where the torn end starts. */
export async function streamLines(path: string, onLine: OnLine): Promise<JournalTail> {
  const file = await openForReading(path);
  if (file === null) return { offset: 0, bytes: 0, torn: "" };
  try {
    const splitter = new LineSplitter(path, onLine);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    // Ends at the end of the file; an error of the disk or of `onLine` ends it too.
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return splitter.tail();
      splitter.take(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function openForReading(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Cuts at newline bytes, which stand in no UTF-8 character, and decodes whole lines only. */
class LineSplitter {
  readonly #path: string;
  readonly #onLine: OnLine;
  #number = 0;
  /** Byte offset of the line that is not whole yet, what is kept of it, and how long it is. */
  #offset = 0;
  #kept: Buffer[] = [];
  #bytes = 0;

  constructor(path: string, onLine: OnLine) {
    this.#path = path;
    this.#onLine = onLine;
  }

  /** @param chunk may be overwritten by the caller afterwards. */
  take(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      this.#complete();
      from = end + 1;
    }
    this.#keep(Buffer.from(chunk.subarray(from)));
  }

  tail(): JournalTail {
    return { offset: this.#offset, bytes: this.#bytes, torn: this.#text() };
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (part.length > 0 && this.#bytes <= MAX_LINE_BYTES) this.#kept.push(part);
  }

  #complete(): void {
    this.#number += 1;
    if (this.#bytes > MAX_LINE_BYTES)
      throw new JournalBrokenError(
        `${this.#path}:${this.#number}: a line of ${this.#bytes} bytes is no record`,
      );
    const line = this.#text();
    this.#offset += this.#bytes + 1;
    this.#kept = [];
    this.#bytes = 0;
    this.#onLine(line, this.#number);
  }

  #text(): string {
    const [only] = this.#kept;
    return this.#kept.length === 1 && only !== undefined
      ? only.toString("utf8")
      : Buffer.concat(this.#kept).toString("utf8");
  }
}
