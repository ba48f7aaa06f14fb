import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { lineHash, type NodeId } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";

/** Publishes one line and resolves when the stream has it. Rejects when it may not have it. */
export type PublishLine = (line: string, messageId: string) => Promise<void>;

const cursorSchema = z.object({ published: z.int().min(0) });
const RETRY_MS = 500;
const SAVE_EVERY = 50;

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
        await this.#save();
        await this.#sleepUntilAdded(signal);
        continue;
      }
      // Several in flight keep the order: the stream stores them in the order of the connection.
      const batch = this.#waiting.slice(0, 64);
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

  async #sleepUntilAdded(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
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
    await writeFile(`${this.#path}.new`, JSON.stringify({ published: this.#published }));
    await rename(`${this.#path}.new`, this.#path);
  }
}

/** How many lines were published before; 0 without a readable cursor (all go out again). */
export async function readCursor(path: string): Promise<number> {
  try {
    return cursorSchema.parse(JSON.parse(await readFile(path, "utf8"))).published;
  } catch {
    return 0;
  }
}
