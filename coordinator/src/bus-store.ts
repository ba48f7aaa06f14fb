import { buckets, keys, kvSubject } from "@redline/shared";
import { everyUntil, pause, type Logger, type StreamPublisher } from "@redline/daemon";
import type { Bus } from "./bus.ts";

export interface BusStorePorts {
  readonly publisher: Pick<StreamPublisher, "publish">;
  readonly bus: Pick<Bus, "upSinceMs" | "restartPeriods">;
  /** The shortest time that runs out while nothing is heard of a node. */
  readonly leaseMs: number;
  readonly log: Logger;
}

const MOST_BETWEEN_MS = 1000;
const MOST_WAIT_MS = 2000;

/**
 * Whether the bus stores what it is given, by giving it something to store again and again. A server whose disk or limit is reached carries
 * messages as before and stores none: no lease is renewed then, whatever the nodes do, so that nobody's time may run out.
 */
export class BusStore {
  readonly #ports: BusStorePorts;
  #why: string | null = null;

  constructor(ports: BusStorePorts) {
    this.#ports = ports;
  }

  /** False from the first message that was not stored until one is again. */
  get stores(): boolean {
    return this.#why === null;
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
    const why = await this.#whyNot(signal);
    // Without a connection nothing runs out anyway, and that has a message of its own.
    if (signal.aborted || bus.upSinceMs === null) return;
    if (why !== null) bus.restartPeriods();
    if (why !== null && this.#why === null)
      log.error({ why }, "the bus stores nothing: leases are suspended; give its store room");
    if (why === null && this.#why !== null) log.warn("the bus stores again");
    this.#why = why;
  }

  /** Null when it was stored in time. */
  async #whyNot(signal: AbortSignal): Promise<string | null> {
    const { publisher, leaseMs } = this.#ports;
    const waitMs = Math.min(MOST_WAIT_MS, leaseMs / 4);
    const answered = publisher.publish(kvSubject(buckets.trial, keys.busProbe), "{}").then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    return Promise.race([answered, pause(waitMs, signal).then(() => `no answer within ${waitMs} ms`)]);
  }
}
