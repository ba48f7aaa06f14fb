import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { streams, subjects } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import {
  decodeMessage,
  encodeMessage,
  packLines,
  type NumberedLine,
  type ReplicaHead,
  type ReplicaMessage,
} from "./journal-replica-message.ts";
import type { Replica } from "./journal-store.ts";
import type { PairSecret } from "./pair-secret.ts";

/** Another coordinator wrote to the journal's stream, so that this one must not write any more. */
export class DeposedError extends Error {
  override readonly name = "DeposedError";
}

export interface PublisherPorts {
  readonly js: Pick<JetStreamClient, "publish">;
  readonly jsm: Pick<JetStreamManager, "streams">;
  readonly writer: Pick<ReplicaHead, "by" | "start">;
  readonly secret: PairSecret;
  readonly leads: () => boolean;
  /** Called with the number of the newest line that is on the stream, before anybody else hears of it. */
  readonly onStream: (seq: number) => void;
  readonly log: Logger;
  /** Ends all waiting: what is not on the stream then is not committed. */
  readonly signal: AbortSignal;
}

const PUBLISH_MS = 1000;
const RETRY_MS = 100;

interface Waiting extends NumberedLine {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends the journal's lines to stream JRN: one message at a time, each only where the stream still ends with the message before
 * it. Lines that come meanwhile share the next message. After the first message of another writer nothing goes out any more; what
 * no coordinator wrote only takes a place.
 */
export class JournalPublisher implements Replica {
  readonly #ports: PublisherPorts;
  #waiting: Waiting[] = [];
  #draining = false;
  #failure: unknown = null;
  /** Number of the stream's last message. */
  #last: number;

  constructor(last: number, ports: PublisherPorts) {
    this.#last = last;
    this.#ports = ports;
  }

  leads(): boolean {
    return this.#failure === null && this.#ports.leads();
  }

  publish(line: string, seq: number): Promise<void> {
    if (this.#failure !== null)
      return Promise.reject(new Error("the stream takes no more lines", { cause: this.#failure }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, seq, resolve, reject });
      if (!this.#draining) void this.#drain();
    });
  }

  /** Ends when nothing waits; a failure rejects all that waits, for good. */
  async #drain(): Promise<void> {
    this.#draining = true;
    // The continuations of one write of the file come together.
    await Promise.resolve();
    while (this.#waiting.length > 0)
      try {
        const { messages, taken } = packLines(this.#waiting, this.#ports.writer);
        for (const message of messages) await this.#put(message);
        const stored = this.#waiting.splice(0, taken);
        try {
          this.#ports.onStream(stored.at(-1)?.seq ?? 0);
        } catch (error) {
          for (const { reject } of stored) reject(error);
          throw error;
        }
        for (const { resolve } of stored) resolve();
      } catch (error) {
        this.#failure = error;
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    this.#draining = false;
  }

  /** Ends when the message is the stream's last one, or certainly is not and cannot be. */
  async #put(message: ReplicaMessage): Promise<void> {
    const { js, log, secret, signal, writer } = this.#ports;
    const { first, part } = message.head;
    const data = encodeMessage(message, secret);
    const options = () => ({
      // The same for every try: one that was late and one that is repeated are stored once.
      msgID: `${writer.start}.${first}.${part}`,
      expect: { lastSequence: this.#last },
      timeout: PUBLISH_MS,
    });
    for (;;) {
      if (signal.aborted) throw new Error("ended before the stream had the line", { cause: signal.reason });
      try {
        const { seq } = await js.publish(subjects.journal(secret.token), data, options());
        this.#last = seq;
        return;
      } catch (error) {
        if (!isWrongLast(error)) log.warn({ err: error, first }, "journal is not on the stream yet");
        if (await this.#isThere(message)) return;
      }
      await pause(RETRY_MS, signal);
    }
  }

  /** Whether the message after the last one that is known is this one. @throws DeposedError when it is another's. */
  async #isThere({ head }: ReplicaMessage): Promise<boolean> {
    const there = await this.#after();
    if (there === null) return false;
    if (there.start === head.start && there.first === head.first && there.part === head.part) {
      this.#last += 1;
      return true;
    }
    throw new DeposedError(`${there.by} wrote to the journal's stream: this coordinator was deposed`);
  }

  /** The message after the last one that is known, past what no coordinator wrote; null: there is none yet, or the server is away. */
  async #after(): Promise<ReplicaHead | null> {
    const { jsm, secret, log } = this.#ports;
    for (const known = this.#last; ;) {
      let state;
      let stored;
      try {
        ({ state } = await jsm.streams.info(streams.journal));
        stored = await jsm.streams.getMessage(streams.journal, { seq: this.#last + 1 });
      } catch {
        // Asked again after the next try.
        return null;
      }
      if (state.last_seq < this.#last)
        throw new DeposedError(
          "NATS lost a part of the journal's stream; starting again publishes what is missing",
        );
      if (stored === null && state.first_seq > this.#last + 1)
        throw new DeposedError("others filled the journal's stream before it was read");
      if (stored === null) return null;
      const message = decodeMessage(stored.data, secret);
      if (message !== null) return message.head;
      this.#last += 1;
      // Once for all that stand together.
      if (this.#last === known + 1)
        log.warn(
          { seq: this.#last },
          "no coordinator wrote this message of the journal's stream; passed over",
        );
    }
  }
}

const WRONG_LAST: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
];
const isWrongLast = (error: unknown) => error instanceof JetStreamApiError && WRONG_LAST.includes(error.code);
