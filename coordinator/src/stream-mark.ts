import { closeSync, constants, fdatasync, openSync, writeSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const FILE = "on-stream";
const DIGITS = 16;
const SYNC_MS = 1000;

/** How a person has a journal win that a pair would give up. */
export const HOW_TO_KEEP =
  "to keep this one, stop both coordinators, move the other one's journal.jsonl away, delete the streams JRN and KV_lead on the bus, and start this one first";

/**
 * Number of the newest line of this journal that is known to have been on the journal's stream: up to there nodes and people may have
 * acted on it, and it is never cut away without a person. Kept in a small file of the state folder that is written in place, so that it
 * outlives the process, and goes to the disk once a second. Without that file the whole journal counts: no pair wrote it.
 */
export class StreamMark implements Disposable {
  /** Whether a coordinator without a standby wrote this journal last. */
  readonly wasAlone: boolean;
  readonly #file: number;
  #seq: number;
  #syncing: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param head number of the journal's newest line */
  static async open(dir: string, head: number): Promise<StreamMark> {
    const path = join(dir, FILE);
    const kept = await read(path);
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    return new StreamMark(file, Math.min(kept ?? head, head), kept === null && head > 0);
  }

  /** Number of the last line that must not be cut away, in a folder in which no coordinator runs; null: no line may. */
  static read(dir: string): Promise<number | null> {
    return read(join(dir, FILE));
  }

  /** For a coordinator without a standby: all that it writes is acted on. */
  static remove(dir: string): Promise<void> {
    return rm(join(dir, FILE), { force: true });
  }

  private constructor(file: number, seq: number, wasAlone: boolean) {
    this.#file = file;
    this.#seq = seq;
    this.wasAlone = wasAlone;
    this.#write();
  }

  get seq(): number {
    return this.#seq;
  }

  /** Line `seq`, and so each before it, is on the stream. To be called before anything acts on it. */
  note(seq: number): void {
    if (seq <= this.#seq) return;
    // The number of a closed file may be another file's.
    if (this.#closed) throw new Error("the mark of the journal's stream is closed");
    this.#seq = seq;
    this.#write();
    this.#syncing ??= setTimeout(() => {
      this.#syncing = null;
      fdatasync(this.#file, () => undefined);
    }, SYNC_MS).unref();
  }

  #write(): void {
    writeSync(this.#file, `${String(this.#seq).padStart(DIGITS, "0")}\n`, 0);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#syncing !== null) clearTimeout(this.#syncing);
    closeSync(this.#file);
  }
}

/** Null where there is none, or nothing that this wrote. */
async function read(path: string): Promise<number | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  return /^\d{16}\n$/.test(text) ? Number(text) : null;
}
