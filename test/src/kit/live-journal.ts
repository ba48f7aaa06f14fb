import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { coordinatorRecordSchema, EMPTY_HEAD, nextInChain, Projection } from "@redline/shared";

const NEWLINE = 0x0a;

/**
 * A coordinator's journal as state, read on from where the last look ended. For tests that look many times a second: to verify and
 * apply the whole journal anew each time would take the cores that the trial needs.
 */
export class LiveJournal {
  readonly #path: string;
  readonly #projection = new Projection();
  #head = EMPTY_HEAD;
  #readTo = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The same object at each look. @throws where there is no journal yet, or its chain is broken. */
  look(): Projection {
    const bytes = this.#news();
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) return this.#projection;
    for (const line of bytes.toString("utf8", 0, end - 1).split("\n")) {
      const next = nextInChain(this.#head, line);
      if (!next.ok) throw new Error(`journal line ${this.#head.seq + 1}: ${next.why}`);
      this.#head = next.head;
      this.#projection.apply(coordinatorRecordSchema.parse(JSON.parse(line)));
    }
    this.#readTo += end;
    return this.#projection;
  }

  /** What was written since the last look; a line may still lack its end. */
  #news(): Buffer {
    const file = openSync(this.#path, "r");
    try {
      const news = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#readTo));
      return news.subarray(0, readSync(file, news, 0, news.length, this.#readTo));
    } finally {
      closeSync(file);
    }
  }
}
