import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";

/** Whether the coordinator can hear its nodes. A coordinator that lost the bus must not count nodes as lost. */
export class Bus {
  reconnects = 0;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onUp = new Set<() => void>();
  #connection: NatsConnection | null = null;
  #upSinceMs: number | null = null;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get connection(): NatsConnection | null {
    return this.#connection;
  }

  /** Monotonic time since which messages come in without a break; null while they do not. */
  get upSinceMs(): number | null {
    return this.#upSinceMs;
  }

  /** Everyone gets a fresh period: after a reconnect, or when this process itself was frozen. */
  restartPeriods(): void {
    if (this.#upSinceMs !== null) this.#upSinceMs = this.#clock.monoMs();
  }

  /** `listener` is called after each reconnect. Returns how to take it off again. */
  onUp(listener: () => void): () => void {
    this.#onUp.add(listener);
    return () => this.#onUp.delete(listener);
  }

  /** Follows the connection's state. Ends when the connection is closed. */
  async follow(connection: NatsConnection): Promise<void> {
    this.#connection = connection;
    this.#upSinceMs = this.#clock.monoMs();
    for await (const status of connection.status()) {
      if (status.type === "disconnect" || status.type === "staleConnection") {
        if (this.#upSinceMs !== null) this.#log.warn("NATS connection lost; leases are suspended");
        this.#upSinceMs = null;
      }
      if (status.type === "reconnect") {
        this.reconnects += 1;
        this.#upSinceMs = this.#clock.monoMs();
        this.#log.info({ server: status.server }, "NATS connection is back");
        for (const listener of [...this.#onUp]) listener();
      }
      if (status.type === "error") this.#log.error({ err: status.error }, "NATS server reports an error");
    }
    this.#upSinceMs = null;
  }
}
