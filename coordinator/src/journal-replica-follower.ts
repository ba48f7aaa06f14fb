import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { lineHash, nextInChain, streams, type ChainHead } from "@redline/shared";
import { JournalBrokenError, type Logger } from "@redline/daemon";
import {
  decodeMessage,
  LineAssembler,
  type NumberedLine,
  type ReplicaMessage,
} from "./journal-replica-message.ts";
import type { JournalStore } from "./journal-store.ts";
import type { PairSecret } from "./pair-secret.ts";
import { HOW_TO_KEEP } from "./stream-mark.ts";

/** This journal went another way after line `keep` than the leader's. */
export class ForkedError extends Error {
  override readonly name = "ForkedError";
  readonly keep: number;

  constructor(keep: number) {
    super(`the leader's journal goes another way after line ${keep}`);
    this.keep = keep;
  }
}

/** The stream is not the one that was followed: everything is looked at anew. */
export class StreamReplacedError extends Error {
  override readonly name = "StreamReplacedError";
}

export interface FollowerPorts {
  readonly store: Pick<JournalStore, "follow" | "head" | "reader">;
  readonly jsm: Pick<JetStreamManager, "streams">;
  readonly secret: Pick<PairSecret, "seal" | "open">;
  /** Lines of the leader's journal after a number. @throws when it does not answer. */
  readonly older: (after: number) => Promise<string[]>;
  /** Called with the number of the newest line that is here and on the stream. */
  readonly onStream: (seq: number) => void;
  readonly log: Logger;
}

/** Messages that are asked for at once. */
const WINDOW = 16;
const FIRST_STEP = 64;
const FOREIGN = "no coordinator wrote this message of the journal's stream; passed over";

/** `foreign`: no coordinator wrote it, so that it counts as if it were not there; null: it is not there any more. */
type Read = ReplicaMessage | "foreign" | null;

/**
 * Takes the lines of stream JRN into this coordinator's journal, each checked against the chain, and what both have compared. Messages
 * that no coordinator wrote are passed over.
 */
export class JournalFollower {
  readonly #ports: FollowerPorts;
  #assembler = new LineAssembler();
  /** Number of the stream's message to read next; 0 before the first look. */
  #next = 0;
  #lineSeq = 0;
  /** When the stream was made: one that took its place may be as long. */
  #created: string | null = null;
  #amongForeign = false;
  #fromFirst = false;
  #window: { readonly after: number; readonly lines: string[] } = { after: 0, lines: [] };

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
  }

  /** Number of the last message of the stream that was read; what a compare-and-set goes by. */
  get position(): number {
    return Math.max(0, this.#next - 1);
  }

  /** Number of the newest line that the stream is known to hold; 0 where it holds none. */
  get lineSeq(): number {
    return this.#lineSeq;
  }

  /**
   * Reads to the present end of the stream. Resolves when every line of it is on this disk and applied.
   * @throws ForkedError, StreamReplacedError, JournalBrokenError; anything else may go away by itself.
   */
  async catchUp(): Promise<void> {
    const { jsm } = this.#ports;
    const { state, created } = await jsm.streams.info(streams.journal).catch((error: unknown) => {
      // Nobody else may be there to make it again.
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
        throw new StreamReplacedError("the bus lost the journal's stream", { cause: error });
      throw error;
    });
    if (created !== (this.#created ??= created))
      throw new StreamReplacedError("the journal's stream is another one than before");
    if (state.last_seq < this.position)
      throw new StreamReplacedError("the journal's stream ends before what was read of it");
    if (this.#next === 0)
      this.#next = this.#fromFirst
        ? Math.max(1, state.first_seq)
        : await this.#start(state.first_seq, state.last_seq);
    if (state.messages > 0 && this.#next < state.first_seq) this.#skipTo(state.first_seq);
    while (this.#next <= state.last_seq) {
      const count = Math.min(WINDOW, state.last_seq - this.#next + 1);
      const from = this.#next;
      const messages = await Promise.all(Array.from({ length: count }, (_, i) => this.#read(from + i)));
      for (const message of messages) {
        // It left the stream meanwhile: the next look begins where the stream does.
        if (message === null) return;
        // Once for all that stand together: there may be very many.
        if (message === "foreign" && !this.#amongForeign) this.#ports.log.warn({ seq: this.#next }, FOREIGN);
        this.#amongForeign = message === "foreign";
        if (message !== "foreign") await this.#take(message);
        this.#next += 1;
      }
    }
  }

  #skipTo(first: number): void {
    this.#ports.log.warn({ from: this.#next, first }, "lines left the stream before they were read");
    this.#assembler = new LineAssembler();
    this.#next = first;
  }

  /** The last message that begins with a line which is here already, so that it is compared; by halving. */
  async #start(first: number, last: number): Promise<number> {
    const { seq } = this.#ports.store.head();
    const start = Math.max(1, first);
    if (last < start) return Math.max(start, last + 1);
    let [low, high] = [start, last];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const found = await this.#newest(low + 1, middle);
      if (found === null || found.message.head.first <= seq) low = middle;
      else high = found.at - 1;
    }
    const found = await this.#newest(start, low);
    return found === null ? low : Math.max(start, found.at - found.message.head.part);
  }

  /** The newest message of a coordinator from number `from` to number `to`. */
  async #newest(from: number, to: number): Promise<{ at: number; message: ReplicaMessage } | null> {
    for (let at = to; at >= from; at -= 1) {
      const message = await this.#read(at);
      // What is older left the stream before it.
      if (message === null) return null;
      if (message !== "foreign") return { at, message };
    }
    return null;
  }

  async #read(seq: number): Promise<Read> {
    const { jsm, secret } = this.#ports;
    const stored = await jsm.streams.getMessage(streams.journal, { seq });
    return stored === null ? null : (decodeMessage(stored.data, secret) ?? "foreign");
  }

  async #take(message: ReplicaMessage): Promise<void> {
    const { store } = this.#ports;
    const lines = this.#assembler.take(message);
    const [first] = lines;
    if (first === undefined) return;
    if (first.seq > store.head().seq + 1) await this.#fill(first.seq);
    const taken: Promise<void>[] = [];
    for (const { seq, line } of lines) {
      if (seq <= store.head().seq) await this.#compare({ seq, line });
      else if (nextInChain(store.head(), line).ok) taken.push(store.follow(line));
      else {
        await Promise.all(taken);
        throw await this.#fork({ seq, line });
      }
      this.#lineSeq = seq;
    }
    await Promise.all(taken);
    this.#ports.onStream(this.#lineSeq);
  }

  async #compare({ seq, line }: NumberedLine): Promise<void> {
    if ((await this.#own(seq)) === line) return;
    throw await this.#fork({ seq, line });
  }

  /** Where this journal leaves that of the stream, whose line `seq` does not fit here. */
  async #fork({ seq, line }: NumberedLine): Promise<Error> {
    const { older } = this.#ports;
    if (seq > 1 && nextInChain({ seq: seq - 1, hash: lineHash(await this.#own(seq - 1)) }, line).ok)
      return new ForkedError(seq - 1);
    // The stream itself may know, also while nobody leads who could be asked.
    if (!this.#fromFirst) {
      this.#fromFirst = true;
      this.#next = 0;
      this.#assembler = new LineAssembler();
      return new Error("the newest lines here are not the leader's; comparing the whole stream");
    }
    for (let step = FIRST_STEP; ; step *= 8) {
      const after = Math.max(0, seq - 1 - step);
      let same = after;
      // Ends at the first difference, or where either has no more.
      for (let differs = false; !differs;) {
        const theirs = await older(same);
        differs = theirs.length === 0;
        for (const line of theirs) {
          differs ||= same >= this.#ports.store.head().seq || (await this.#own(same + 1)) !== line;
          if (differs) break;
          same += 1;
        }
      }
      if (same > after) return new ForkedError(same);
      if (after === 0)
        return new JournalBrokenError(
          `this journal and the leader's have no line in common. If the leader began with an empty one: ${HOW_TO_KEEP}. If this one is of another lab, or holds nothing that you need, give this coordinator an empty state folder`,
        );
    }
  }

  /** Asks the leader for what the stream has no more. */
  async #fill(until: number): Promise<void> {
    const { store, older, log } = this.#ports;
    log.info({ from: store.head().seq + 1, until }, "lines are older than the stream; asking the leader");
    while (store.head().seq + 1 < until) {
      const head: ChainHead = store.head();
      const lines = (await older(head.seq)).slice(0, until - head.seq - 1);
      const [line] = lines;
      if (line === undefined) throw new Error(`the leader has no line ${head.seq + 1}`);
      if (!nextInChain(head, line).ok) throw await this.#fork({ seq: head.seq + 1, line });
      await Promise.all(lines.map((one) => store.follow(one)));
    }
  }

  async #own(seq: number): Promise<string> {
    const { reader } = this.#ports.store;
    const at = seq - 1 - this.#window.after;
    if (at < 0 || at >= this.#window.lines.length)
      this.#window = { after: seq - 1, lines: await reader.read(seq - 1) };
    const line = this.#window.lines[seq - 1 - this.#window.after];
    if (line === undefined) throw new Error(`line ${seq} of the own journal could not be read`);
    return line;
  }
}
