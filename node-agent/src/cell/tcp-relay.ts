import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface RelayEnd {
  readonly host: string;
  readonly port: number;
}

export interface TcpRelayOptions {
  readonly listen: RelayEnd;
  /** The one place it ever connects to. */
  readonly to: RelayEnd;
  /** Source addresses that may connect; all when absent. */
  readonly allowFrom?: readonly string[];
  /** Open connections at once (default 64). */
  readonly maxConnections?: number;
}

export interface RelayStats {
  readonly accepted: number;
  /** Turned away: source not allowed, or too many. */
  readonly refused: number;
  /** Accepted, but the far end could not be reached. */
  readonly failed: number;
  readonly open: number;
  /** Bytes from the connecting side to the far end, and back. */
  readonly bytesOut: number;
  readonly bytesBack: number;
}

/** One listening port, one destination, bytes both ways. Ends with `close`, which cuts everything at once. */
export class TcpRelay {
  readonly #options: TcpRelayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #accepted = 0;
  #refused = 0;
  #failed = 0;
  #open = 0;
  #bytesOut = 0;
  #bytesBack = 0;

  private constructor(options: TcpRelayOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects with the system's error when the address cannot be listened on. */
  static async start(options: TcpRelayOptions): Promise<TcpRelay> {
    const relay = new TcpRelay(options);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject);
      relay.#server.listen(options.listen.port, options.listen.host, resolve);
    });
    // Later errors are of single accepts (out of descriptors): the relay goes on.
    relay.#server.on("error", () => undefined);
    return relay;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  stats(): RelayStats {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      failed: this.#failed,
      open: this.#open,
      bytesOut: this.#bytesOut,
      bytesBack: this.#bytesBack,
    };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(near: Socket): void {
    const { to, allowFrom, maxConnections = 64 } = this.#options;
    const allowed = allowFrom === undefined || allowFrom.includes(near.remoteAddress ?? "");
    near.on("error", () => near.destroy());
    if (!allowed || this.#open >= maxConnections) {
      this.#refused += 1;
      near.destroy();
      return;
    }
    this.#accepted += 1;
    this.#open += 1;
    const far = connect({ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true });
    let reached = false;
    far.once("connect", () => (reached = true));
    far.on("error", () => far.destroy());
    // Counted as they arrive: a cut connection counts as well.
    near.on("data", (chunk) => (this.#bytesOut += chunk.length));
    far.on("data", (chunk) => (this.#bytesBack += chunk.length));
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) this.#sockets.add(socket);
    near.once("close", () => {
      this.#sockets.delete(near);
      far.destroy();
    });
    far.once("close", () => {
      this.#sockets.delete(far);
      this.#open -= 1;
      if (!reached) this.#failed += 1;
      near.destroy();
    });
  }
}
