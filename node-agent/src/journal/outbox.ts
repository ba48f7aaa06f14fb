import { readFile, rename, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { joinRecordLines, lineHash, MOST_RECORD_LINES, type NodeId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";

/** Publishes lines as one message, a newline between two, and resolves when the stream has it. Rejects when it may not have it. */
export type PublishLines = (lines: string, messageId: string) => Promise<unknown>;

const cursorSchema = z.object({ published: z.int().min(0) });
const RETRY_MS = 500;
const SAVE_EVERY = 50;
/** The cursor is written when nothing came for so long: a trial's records come one by one. */
const SAVE_AFTER_MS = 200;
/** One message, of which one is in flight. Leases and answers go over the same connection, and wait for no more than this. */
const BATCH_CHARS = 131_072;

/**
 * Carries the node's journal to the coordinator, line by line, in order, through disconnects and
 * restarts; what came while a message was under way goes together in the next. Its only state is how far it got; a line sent
 * twice is recognised by its number there.
 */
export class Outbox {
  readonly #node: NodeId;
  readonly #path: string;
  readonly #publish: PublishLines;
  readonly #log: Logger;
  readonly #waiting: string[];
  #published: number;
  #saved: number;
  #wake: (() => void) | null = null;
  /** The connection came back since the newest batch began. */
  #hurried = false;
  /** Ends the wait for answers to what is in flight, or the pause after a failure. */
  #hurry: () => void = () => undefined;

  constructor(options: {
    node: NodeId;
    path: string;
    published: number;
    pending: readonly string[];
    publish: PublishLines;
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
    this.#hurried = true;
    this.#hurry();
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
      const batch = firstOf(this.#waiting);
      this.#hurried = false;
      const error = await this.#send(batch);
      // One turn of the loop, so that timers of leases run beside a flood of records.
      await setImmediate();
      if (error !== null) {
        this.#log.warn({ err: error }, "records wait: publish failed");
        await this.#rest(signal);
        continue;
      }
      this.#waiting.splice(0, batch.length);
      this.#published += batch.length;
      if (this.#published % SAVE_EVERY < batch.length) await this.#save();
    }
    await this.#save();
  }

  /** @returns null when the stream has all of it for sure, else what kept it from that. */
  async #send(batch: readonly string[]): Promise<unknown> {
    const last = this.#published + batch.length;
    // By its end, which names all that is before it in the chain, and by its length: another message is never taken for this one.
    const id = `${this.#node}.${last}.${batch.length}.${lineHash(batch.at(-1) ?? "").slice(0, 12)}`;
    let error: unknown = new Error("the connection broke");
    const sent = this.#publish(joinRecordLines(batch), id).then(
      () => (error = null),
      (cause: unknown) => (error = cause ?? error),
    );
    await this.#untilHurried(sent);
    return error;
  }

  /** Resolves with the work, or earlier when somebody is in a hurry. */
  async #untilHurried(work: Promise<unknown>): Promise<void> {
    if (this.#hurried) return;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      void work.then(() => resolve());
    });
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    await this.#untilHurried(pause(RETRY_MS, AbortSignal.any([signal, over.signal])));
    over.abort();
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

/** The first lines, as many as may be in flight at once; at least one. */
function firstOf(lines: readonly string[]): string[] {
  let chars = 0;
  const end = lines.slice(0, MOST_RECORD_LINES).findIndex((line) => (chars += line.length) > BATCH_CHARS);
  return lines.slice(0, end === -1 ? MOST_RECORD_LINES : Math.max(1, end));
}

/** How many lines were published before; 0 without a readable cursor (all go out again). */
export async function readCursor(path: string): Promise<number> {
  try {
    return cursorSchema.parse(JSON.parse(await readFile(path, "utf8"))).published;
  } catch {
    return 0;
  }
}
