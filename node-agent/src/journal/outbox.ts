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
      const results = await Promise.allSettled(
        batch.map((line, i) =>
          this.#publish(line, `${this.#node}.${this.#published + i + 1}.${lineHash(line).slice(0, 12)}`),
        ),
      );
      const failed = results.findIndex((r) => r.status === "rejected");
      const done = failed === -1 ? batch.length : failed;
      this.#waiting.splice(0, done);
      this.#published += done;
      if (this.#published % SAVE_EVERY < done) await this.#save();
      // One turn of the loop, so that timers of leases run beside a flood of records.
      await setImmediate();
      if (failed !== -1) {
        const first = results[failed];
        this.#log.warn(
          { err: first?.status === "rejected" ? first.reason : undefined },
          "records wait: publish failed",
        );
        await pause(RETRY_MS, signal);
      }
    }
    await this.#save();
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

  /** The cursor may lag: then lines go out again and are recognised as taken. */
  async #save(): Promise<void> {
    const published = this.#published;
    await writeFile(`${this.#path}.new`, JSON.stringify({ published }));
    await rename(`${this.#path}.new`, this.#path);
    this.#saved = published;
  }
}

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
