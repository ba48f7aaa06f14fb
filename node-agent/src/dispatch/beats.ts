import { buckets, keys, kvSubject, type Inventory, type Lease, type NodeId } from "@redline/shared";
import type { Logger, StreamPublisher } from "@redline/daemon";
import type { Registry, RunningPart } from "../attempts/registry.ts";

export interface BeatsOptions {
  readonly publisher: Pick<StreamPublisher, "publish">;
  readonly node: NodeId;
  readonly registry: Registry;
  readonly inventory: () => Promise<Inventory>;
  readonly everyMs: number;
  readonly logger: Logger;
}

/** Changes of slots that come together are told together, ms. */
const TELL_MS = 50;

/**
 * Renews the leases of what runs here and publishes the inventory, on a timer; at a change of slots what is new. A lease waits for
 * nothing: neither for the inventory, which looks at the machine, nor for the answer to another lease.
 */
export class Beats {
  readonly #options: BeatsOptions;
  readonly #leased = new WeakSet<RunningPart>();
  #telling = false;
  #again = false;
  #change: NodeJS.Timeout | undefined;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  /** Beats until the signal aborts. A failed beat is the next one's work: leases live by arrival, not by a queue. */
  start(signal: AbortSignal): void {
    const beat = () => {
      this.#renew(this.#options.registry.all());
      void this.#tell();
    };
    const timer = setInterval(beat, this.#options.everyMs);
    const end = () => {
      clearInterval(timer);
      clearTimeout(this.#change);
    };
    signal.addEventListener("abort", end, { once: true });
    beat();
  }

  /** Slots were taken or became free: a lease for what is new now, the inventory in a moment. */
  beat(): void {
    this.#renew(this.#options.registry.all().filter((part) => !this.#leased.has(part)));
    this.#change ??= setTimeout(() => {
      this.#change = undefined;
      void this.#tell();
    }, TELL_MS);
    this.#change.unref();
  }

  #renew(parts: readonly RunningPart[]): void {
    const { publisher, node, logger } = this.#options;
    for (const part of parts) {
      const { key, phase } = part;
      const { trial, attempt, epoch } = key;
      const lease: Lease = { v: 1, node, trial, attempt, epoch, phase };
      this.#leased.add(part);
      publisher
        .publish(kvSubject(buckets.lease, keys.lease(node, trial)), JSON.stringify(lease))
        .catch((error: unknown) => logger.debug({ err: error, trial }, "lease not renewed"));
    }
  }

  /** One inventory at a time; a change meanwhile is told right after it. */
  async #tell(): Promise<void> {
    const { publisher, node, inventory, logger } = this.#options;
    if (this.#telling) {
      this.#again = true;
      return;
    }
    this.#telling = true;
    try {
      const value = JSON.stringify(await inventory());
      await publisher.publish(kvSubject(buckets.inventory, keys.inventory(node)), value);
    } catch (error) {
      logger.debug({ err: error }, "inventory not published");
    } finally {
      this.#telling = false;
    }
    if (!this.#takeAgain()) return;
    await this.#tell();
  }

  #takeAgain(): boolean {
    const again = this.#again;
    this.#again = false;
    return again;
  }
}
