import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { seededRandom } from "../drills/seeded-random.ts";
import { BusFrames } from "./bus-frames.ts";

/** What is done to one client's link. Shares are of messages, 0 to 1; what carries no message is never doubled or overtaken. */
export interface BusTrouble {
  /** Everything, both ways, in its order. */
  readonly linkDelayMs: number;
  readonly duplicate: number;
  /** Messages that come later than they would, and are overtaken by those after them. */
  readonly overtaken: number;
  readonly overtakenByMs: number;
  /** Messages that are held up, with all that is behind them. */
  readonly held: number;
  readonly heldMs: number;
}

/** What waits for a slow reader; more pauses the other side. */
const MOST_WAITING_BYTES = 4_194_304;

/** A way to a nats-server that can be made bad for one client, known by its address, while it is used. */
export class BusProxy implements AsyncDisposable {
  readonly #server: Server;
  /** Two faults may be on one link at once. */
  readonly #troubles = new Map<string, Set<Partial<BusTrouble>>>();
  readonly #sockets = new Set<Socket>();
  readonly #random: () => number;
  readonly #struck = new Map<string, number>();

  private constructor(upstream: { host: string; port: number }, seed: number) {
    this.#random = seededRandom(seed);
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client, upstream));
  }

  static async listen(
    at: { host: string; port: number },
    upstream: { host: string; port: number },
    seed: number,
  ): Promise<BusProxy> {
    const proxy = new BusProxy(upstream, seed);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(at.port, at.host, resolve);
    });
    return proxy;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** @param client its address. Until the answer is called; beside others, of each kind the worst counts. */
  trouble(client: string, trouble: Partial<BusTrouble>): () => void {
    const all = this.#troubles.get(client) ?? new Set();
    this.#troubles.set(client, all.add(trouble));
    return () => all.delete(trouble);
  }

  troubleOf(client: string): BusTrouble {
    const all = [...(this.#troubles.get(client) ?? [])];
    const worst = (name: keyof BusTrouble) => Math.max(0, ...all.map((one) => one[name] ?? 0));
    return {
      linkDelayMs: worst("linkDelayMs"),
      duplicate: worst("duplicate"),
      overtaken: worst("overtaken"),
      overtakenByMs: worst("overtakenByMs"),
      held: worst("held"),
      heldMs: worst("heldMs"),
    };
  }

  /** Messages of a client that were doubled, held up, overtaken or delayed so far. */
  struckOf(client: string): number {
    return this.#struck.get(client) ?? 0;
  }

  #accept(client: Socket, upstream: { host: string; port: number }): void {
    const address = client.remoteAddress ?? "";
    const server = connect({ ...upstream, noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    this.#carry(client, server, address);
    this.#carry(server, client, address);
  }

  /** One direction. What is not overtaken goes through one queue, in its order. */
  #carry(from: Socket, to: Socket, client: string): void {
    const frames = new BusFrames();
    const queue: { readonly dueMs: number; readonly bytes: Buffer }[] = [];
    let [lastDueMs, waiting] = [0, 0];
    let timer: NodeJS.Timeout | undefined;
    const write = (bytes: Buffer) => {
      waiting -= bytes.length;
      if (!to.destroyed && to.writable) to.write(bytes);
      if (waiting + to.writableLength <= MOST_WAITING_BYTES) from.resume();
    };
    const pump = () => {
      timer = undefined;
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const leftMs = head.dueMs - performance.now();
        if (leftMs > 0) {
          timer = setTimeout(pump, leftMs);
          return;
        }
        queue.shift();
        write(head.bytes);
      }
    };
    to.on("drain", () => from.resume());
    from.on("data", (chunk: Buffer) => {
      let whole;
      try {
        whole = frames.take(chunk);
      } catch {
        from.destroy();
        return;
      }
      const trouble = this.troubleOf(client);
      const hit = (share: number) => share > 0 && this.#random() < share;
      for (const { bytes, subject } of whole) {
        const isMessage = subject !== null;
        const heldMs = isMessage && hit(trouble.held) ? trouble.heldMs : 0;
        lastDueMs = Math.max(lastDueMs, performance.now() + trouble.linkDelayMs + heldMs);
        const overtaken = isMessage && hit(trouble.overtaken);
        const doubled = isMessage && hit(trouble.duplicate);
        const delayed = isMessage && trouble.linkDelayMs > 0;
        if (heldMs > 0 || overtaken || doubled || delayed)
          this.#struck.set(client, this.struckOf(client) + 1);
        waiting += bytes.length * (doubled ? 2 : 1);
        if (overtaken) setTimeout(write, lastDueMs - performance.now() + trouble.overtakenByMs, bytes);
        else queue.push({ dueMs: lastDueMs, bytes });
        if (doubled) queue.push({ dueMs: lastDueMs, bytes });
      }
      if (timer === undefined) pump();
      if (waiting + to.writableLength > MOST_WAITING_BYTES) from.pause();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
