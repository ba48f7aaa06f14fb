import { setTimeout as delay } from "node:timers/promises";
import { connectNats } from "@redline/daemon";
import { PermissionViolationError, type NatsConnection } from "@nats-io/transport-node";

/** A connection that remembers what the server refused. */
export class BusClient implements AsyncDisposable {
  readonly refused: string[] = [];
  disconnects = 0;
  readonly connection: NatsConnection;

  /** @param dir folder with `ROLE.seed` files */
  static async as(url: string, dir: string, name: string, seedOf = name): Promise<BusClient> {
    const nkeySeedFile = `${dir}/${seedOf}.seed`;
    return new BusClient(await connectNats({ servers: [url], name, nkeySeedFile }));
  }

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === "disconnect") this.disconnects += 1;
        if (status.type === "error" && status.error instanceof PermissionViolationError)
          this.refused.push(`${status.error.operation} ${status.error.subject}`);
      }
    })();
  }

  /** Whether the server refuses to take a message on `subject`; `reply` is what it asks answers for. */
  async refusesPublish(subject: string, reply?: string, data = "forged"): Promise<boolean> {
    const before = this.refused.length;
    this.connection.publish(subject, data, reply === undefined ? {} : { reply });
    return this.#refusedSince(before, `publish ${subject}`);
  }

  async refusesSubscribe(subject: string): Promise<boolean> {
    const before = this.refused.length;
    const subscription = this.connection.subscribe(subject, { callback: () => undefined });
    const refused = await this.#refusedSince(before, `subscription ${subject}`);
    subscription.unsubscribe();
    return refused;
  }

  /** The refusal comes before the answer to the ping which `flush` sends. */
  async #refusedSince(before: number, what: string): Promise<boolean> {
    await this.connection.flush();
    await delay(1);
    return this.refused.slice(before).some((line) => line === what);
  }

  async [Symbol.asyncDispose]() {
    await this.connection.close();
  }
}
