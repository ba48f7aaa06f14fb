import { readFile, rename, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { lineHash, type NodeId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";

/** Publishes one line and resolves when the stream has it. Rejects when it may not have it. */
export type PublishLine = (line: string, messageId: string) => Promise<void>;

const cursorSchema = z.object({ published: z.int().min(0) });
const RETRY_MS = 500;
const SAVE_EVERY = 50;
/** The cursor is written when nothing came for so long: a trial's records come one by one. */
const SAVE_AFTER_MS = 200;
/** What is in flight at once. Leases and answers go over the same connection, and wait for no more than this. */
const BATCH_LINES = 64;
const BATCH_CHARS = 262_144;

/**
 * Carries the node's journal to the coordinator, line by line, in order, through disconnects and
 * restarts. Its only state is how far it got; a line sent twice is recognised by its number there.
 */
export class Outbox {
  readonly #node: NodeId;
  readonly #path: string;
  readonly #publish: PublishLine;
  readonly #log: Logger;
  readonly #waiting: string[];
  #published: number;
  #saved: number;
  #wake: (() => void) | null = null;
  #hurry = new AbortController();

  constructor(options: {
    node: NodeId;
    path: string;
    published: number;
    pending: readonly string[];
    publish: PublishLine;
    log: Logger;
  }) {
    this.#node = options.node;
    this.#path = options.path;
    this.#published = options.published;
    this.#saved = options.published;
    this.#waiting = [...options.pending];
    this.#publish = options.publish;
    this.#log = options.log;
  }

  add(line: string): void {
    this.#waiting.push(line);
    this.#wake?.();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * The connection is back: what was in flight when it broke has no answer to wait for, and goes out anew at once. What got through
   * all the same is known by its number.
   */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Runs until the signal aborts; a failed publish is tried again for ever, nothing is skipped. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#waiting.length === 0) {
        if (this.#saved !== this.#published) {
          await this.#sleepUntilAdded(signal, SAVE_AFTER_MS);
          if (this.waiting === 0) await this.#save();
        } else await this.#sleepUntilAdded(signal);
        continue;
      }
      // Several in flight keep the order: the stream stores them in the order of the connection.
      const batch = firstOf(this.#waiting);
      if (this.#hurry.signal.aborted) this.#hurry = new AbortController();
      const { done, error } = await this.#send(batch);
      this.#waiting.splice(0, done);
      this.#published += done;
      if (this.#published % SAVE_EVERY < done) await this.#save();
      // One turn of the loop, so that timers of leases run beside a flood of records.
      await setImmediate();
      if (done < batch.length) {
        this.#log.warn({ err: error }, "records wait: publish failed");
        await pause(RETRY_MS, AbortSignal.any([signal, this.#hurry.signal]));
      }
    }
    await this.#save();
  }

  /** @returns how many of the first are on the stream for sure, and what kept the next from it. */
  async #send(batch: readonly string[]): Promise<{ readonly done: number; readonly error: unknown }> {
    const stored = batch.map(() => false);
    let error: unknown = new Error("the connection broke");
    const all = Promise.allSettled(
      batch.map(async (line, i) => {
        const id = `${this.#node}.${this.#published + i + 1}.${lineHash(line).slice(0, 12)}`;
        await this.#publish(line, id).catch((cause: unknown) => {
          error = cause;
          throw cause;
        });
        stored[i] = true;
      }),
    );
    await Promise.race([all, aborted(this.#hurry.signal)]);
    const missing = stored.indexOf(false);
    return { done: missing === -1 ? batch.length : missing, error };
  }

  /** Resolves when nothing waits, or after `ms`. */
  async drained(ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (this.#waiting.length > 0 && performance.now() < deadline) await pause(20);
    return this.#waiting.length === 0;
  }

  async #sleepUntilAdded(signal: AbortSignal, mostMs?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = mostMs === undefined ? undefined : setTimeout(() => done(), mostMs);
      const done = () => {
        clearTimeout(timer);
        this.#wake = null;
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
      if (this.#waiting.length > 0 || signal.aborted) done();
    });
  }

  /** The cursor may lag, as it does where the disk is full: then lines go out again and are recognised as taken. Never rejects. */
  async #save(): Promise<void> {
    const published = this.#published;
    try {
      await writeFile(`${this.#path}.new`, JSON.stringify({ published }));
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, "how far the records got could not be written down");
    }
    // Not tried again before something more was published.
    this.#saved = published;
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** The first lines, as many as may be in flight at once; at least one. */
function firstOf(lines: readonly string[]): string[] {
  let chars = 0;
  const end = lines.slice(0, BATCH_LINES).findIndex((line) => (chars += line.length) > BATCH_CHARS);
  return lines.slice(0, end === -1 ? BATCH_LINES : Math.max(1, end));
}

/** How many lines were published before; 0 without a readable cursor (all go out again). */
export async function readCursor(path: string): Promise<number> {
  try {
    return cursorSchema.parse(JSON.parse(await readFile(path, "utf8"))).published;
  } catch {
    return 0;
  }
}
