import { appendFile, rename, stat } from "node:fs/promises";
import { setAsideSchema, type SetAsideEntry, type SetAsideWhat } from "@redline/shared";
import type { Logger } from "@redline/daemon";

/** What is set aside, as its finder gives it; texts may be hostile and of any length. */
export interface Poison {
  readonly what: SetAsideWhat;
  readonly why: string;
  /** Subject of the message, or name of the object. */
  readonly subject: string;
  /** The message itself; its beginning is kept. */
  readonly data?: Uint8Array | string | undefined;
}

const NAME = "set-aside.jsonl";
/** Of one file; the one before it is kept as `set-aside.1.jsonl`, and older ones are gone. */
const FILE_BYTES = 4_194_304;
const HEAD_BYTES = 2048;
/** Entries that wait for the disk; a flood beyond them is counted and not written. */
const MOST_WAITING = 1000;

/**
 * What the coordinator could not read or may not take, with the reason: STATE/set-aside.jsonl, for people. It is no evidence and
 * decides nothing; two files of 4 MiB are all that a sender can make of it.
 */
export class SetAside {
  readonly #path: string;
  readonly #older: string;
  readonly #now: () => Date;
  readonly #log: Logger;
  readonly #counts = new Map<SetAsideWhat, number>();
  #bytes: number | null = null;
  #waiting = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(dir: string, now: () => Date, log: Logger) {
    this.#path = `${dir}/${NAME}`;
    this.#older = `${dir}/set-aside.1.jsonl`;
    this.#now = now;
    this.#log = log;
  }

  /** How many of each kind since this daemon began. */
  get counts(): ReadonlyMap<SetAsideWhat, number> {
    return this.#counts;
  }

  /** Counts it, logs it and writes it down; never throws. A disk that fails loses the entry and nothing else. */
  take({ what, why, subject, data = "" }: Poison): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    const entry: SetAsideEntry = setAsideSchema.parse({
      v: 1,
      at: this.#now().toISOString(),
      what,
      why: why.slice(0, 500),
      subject: subject.slice(0, 300),
      bytes: bytes.length,
      head: bytes.subarray(0, HEAD_BYTES).toString("utf8"),
    });
    this.#log.warn({ what, why: entry.why, subject: entry.subject }, "set aside");
    if (this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    this.#writing = this.#writing
      .then(() => this.#append(`${JSON.stringify(entry)}\n`))
      .catch((error: unknown) => this.#log.error({ err: error }, "what was set aside could not be written"))
      .finally(() => (this.#waiting -= 1));
  }

  /** Resolves when all that was taken is written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #append(line: string): Promise<void> {
    this.#bytes ??= (await stat(this.#path).catch(() => null))?.size ?? 0;
    if (this.#bytes > 0 && this.#bytes + Buffer.byteLength(line) > FILE_BYTES) {
      await rename(this.#path, this.#older);
      this.#bytes = 0;
    }
    await appendFile(this.#path, line, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(line);
  }
}
