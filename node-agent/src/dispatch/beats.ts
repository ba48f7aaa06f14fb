import type { JetStreamClient } from "@nats-io/jetstream";
import { buckets, keys, kvSubject, type Inventory, type Lease, type NodeId } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { Registry } from "../attempts/registry.ts";

export interface BeatsOptions {
  readonly js: JetStreamClient;
  readonly node: NodeId;
  readonly registry: Registry;
  readonly inventory: () => Promise<Inventory>;
  readonly everyMs: number;
  readonly logger: Logger;
}

/** Renews the leases of what runs here and publishes the inventory, on a timer and at every change of slots. */
export class Beats {
  readonly #options: BeatsOptions;
  #busy = false;
  #again = false;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  /** Beats until the signal aborts. A failed beat is the next one's work: leases live by arrival, not by a queue. */
  start(signal: AbortSignal): void {
    const timer = setInterval(() => void this.beat(), this.#options.everyMs);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    void this.beat();
  }

  async beat(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      await this.#once();
    } catch (error) {
      this.#options.logger.debug({ err: error }, "beat failed");
    } finally {
      this.#busy = false;
    }
    if (this.#takeAgain()) await this.beat();
  }

  /** Whether a change came while the last beat was under way. */
  #takeAgain(): boolean {
    const again = this.#again;
    this.#again = false;
    return again;
  }

  async #once(): Promise<void> {
    const { js, node, registry, inventory } = this.#options;
    const leases = registry.all().map(({ key, phase }): Lease => ({
      v: 1,
      node,
      trial: key.trial,
      attempt: key.attempt,
      epoch: key.epoch,
      phase,
    }));
    await Promise.all([
      ...registry
        .all()
        .map((part, i) =>
          js.publish(kvSubject(buckets.lease, keys.lease(node, part.key.trial)), JSON.stringify(leases[i])),
        ),
      inventory().then((value) =>
        js.publish(kvSubject(buckets.inventory, keys.inventory(node)), JSON.stringify(value)),
      ),
    ]);
  }
}
