import { setImmediate } from "node:timers/promises";
import { buckets, keys, kvSubject } from "@redline/shared";
import { everyUntil, NotStoredError, pause, type Logger, type StreamPublisher } from "@redline/daemon";
import type { Bus } from "./bus.ts";

export interface BusStorePorts {
  readonly publisher: Pick<StreamPublisher, "publish">;
  /** Asks for the stream of leases; rejects where none of its servers answers. */
  readonly askLeases: () => Promise<unknown>;
  readonly bus: Pick<Bus, "upSinceMs" | "restartPeriods">;
  /** The shortest time that runs out while nothing is heard of a node. */
  readonly leaseMs: number;
  readonly log: Logger;
}

const MOST_BETWEEN_MS = 1000;
const MOST_WAIT_MS = 2000;

/**
 * Whether the bus stores what it is given, by giving it something to store again and again, and by asking for the stream of leases, whose
 * servers may be others. A server whose disk or limit is reached carries messages as before and stores none: no lease is renewed then,
 * whatever the nodes do, so that nobody's time may run out.
 */
export class BusStore {
  readonly #ports: BusStorePorts;
  /** Of the newest look; null: it stored. */
  #why: string | null = null;
  #said = false;

  constructor(ports: BusStorePorts) {
    this.#ports = ports;
  }

  /** False while there is no connection, and from the first message that was refused, or the second in a row without an answer, until one is stored. */
  get stores(): boolean {
    return this.#ports.bus.upSinceMs !== null && !this.#said;
  }

  /** Asks several times within a lease, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { leaseMs, log } = this.#ports;
    const everyMs = Math.min(MOST_BETWEEN_MS, leaseMs / 12);
    const onError = (error: unknown) => log.error({ err: error }, "the bus could not be asked");
    await everyUntil(signal, everyMs, () => this.#look(signal), onError);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { bus, log } = this.#ports;
    const before = this.#why;
    const { why, refused } = await this.#ask(signal);
    // Without a connection nothing runs out anyway, and that has a message of its own.
    if (signal.aborted || bus.upSinceMs === null) return;
    this.#why = why;
    // One late answer is a slow moment, of the server or of this process.
    const bad = why !== null && (refused || before !== null);
    if (bad) bus.restartPeriods();
    if (bad && !this.#said)
      log.error({ why }, "the bus stores nothing: leases are suspended; give its store room");
    if (why === null && this.#said) log.warn("the bus stores again");
    this.#said = bad || (this.#said && why !== null);
  }

  async #ask(signal: AbortSignal): Promise<Answer> {
    const { publisher, askLeases, leaseMs } = this.#ports;
    const waitMs = Math.min(MOST_WAIT_MS, leaseMs / 4);
    const stored = publisher.publish(kvSubject(buckets.trial, keys.busProbe), "{}");
    const answered = Promise.all([stored, askLeases()]).then(
      (): Answer => ({ why: null, refused: false }),
      (error: unknown): Answer => {
        const why = error instanceof Error ? error.message : String(error);
        return { why, refused: error instanceof NotStoredError };
      },
    );
    // A loop that stood still sees its timers before what came in meanwhile: one more turn.
    const late = pause(waitMs, signal).then(() => setImmediate());
    return Promise.race([
      answered,
      late.then((): Answer => ({ why: `no answer within ${waitMs} ms`, refused: false })),
    ]);
  }
}

interface Answer {
  /** Null when it was stored in time. */
  readonly why: string | null;
  /** In so many words, by the server. */
  readonly refused: boolean;
}
