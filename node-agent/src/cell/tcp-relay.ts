import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ByteRate } from "./byte-rate.ts";

export interface RelayEnd {
  readonly host: string;
  readonly port: number;
}

export interface TcpRelayOptions {
  readonly listen: RelayEnd;
  /** The one place it ever connects to. */
  readonly to: RelayEnd;
  /** Own address to connect from, for a far end that lets in this one only (default: the kernel's choice). */
  readonly leaveBy?: string;
  /** Source addresses that may connect, as text without a name to look up; all when absent. Others are reset at once. */
  readonly allowFrom?: readonly string[];
  /** Open connections at once (default 64). */
  readonly maxConnections?: number;
  /** For the far end to answer, ms (default 10000). */
  readonly connectMs?: number;
  /** Once one side is done, the other may be silent for this long, ms (default 60000). */
  readonly halfOpenMs?: number;
  /** Most bytes a second in each direction, of all connections together (default: as fast as it goes). */
  readonly bytesPerS?: number;
}

/** A peer whose machine is gone is noticed by the kernel's probes; one that is only quiet, as SSH is, is left alone. */
const KEEP_ALIVE_MS = 30_000;

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
  readonly #rates: { readonly out: ByteRate; readonly back: ByteRate } | null;
  #accepted = 0;
  #refused = 0;
  #failed = 0;
  #open = 0;
  #bytesOut = 0;
  #bytesBack = 0;

  private constructor(options: TcpRelayOptions) {
    this.#options = options;
    const { bytesPerS } = options;
    this.#rates =
      bytesPerS === undefined ? null : { out: new ByteRate(bytesPerS), back: new ByteRate(bytesPerS) };
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
    const { to, leaveBy, maxConnections = 64, connectMs = 10_000 } = this.#options;
    near.on("error", () => near.destroy());
    if (!this.#mayConnect(near) || this.#open >= maxConnections) {
      this.#refused += 1;
      near.resetAndDestroy();
      return;
    }
    this.#accepted += 1;
    this.#open += 1;
    const far = connect({
      ...{ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true },
      ...(leaveBy === undefined ? {} : { localAddress: leaveBy }),
    });
    let reached = false;
    far.setTimeout(connectMs, () => far.destroy());
    far.once("connect", () => {
      reached = true;
      far.setTimeout(0);
    });
    far.on("error", () => far.destroy());
    // Counted as they arrive: a cut connection counts as well.
    near.on("data", (chunk) => (this.#bytesOut += chunk.length));
    far.on("data", (chunk) => (this.#bytesBack += chunk.length));
    // Each waits for the other's buffer, so a slow reader holds some kilobytes here and no more.
    const slow = this.#rates?.back.stream();
    if (this.#rates === null || slow === undefined) {
      near.pipe(far);
      far.pipe(near);
    } else {
      near.pipe(this.#rates.out.stream()).pipe(far);
      far.pipe(slow).pipe(near);
    }
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
    }
    this.#boundHalfOpen(near, far);
    near.once("close", () => {
      this.#sockets.delete(near);
      far.destroy();
    });
    far.once("close", () => {
      this.#sockets.delete(far);
      this.#open -= 1;
      if (!reached) this.#failed += 1;
      // What the far end said to its end may still be on the slow road.
      if (slow === undefined || !far.readableEnded || slow.readableEnded) near.destroy();
      else slow.once("end", () => near.destroySoon());
    });
  }

  #mayConnect({ remoteAddress = "" }: Socket): boolean {
    const { allowFrom } = this.#options;
    return allowFrom === undefined || allowFrom.some((address) => plain(address) === plain(remoteAddress));
  }

  /** Half a connection must not hold a place for ever: the side that is left may go on, but not fall silent. */
  #boundHalfOpen(near: Socket, far: Socket): void {
    const { halfOpenMs = 60_000 } = this.#options;
    near.once("end", () => far.setTimeout(halfOpenMs, () => far.destroy()));
    far.once("end", () => near.setTimeout(halfOpenMs, () => near.destroy()));
  }
}

/** A socket that listens on `::` sees IPv4 addresses mapped into IPv6. */
function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}
