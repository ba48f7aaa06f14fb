import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { connect, createServer, type NetConnectOpts, type Server } from "node:net";

/**
 * Listeners of the node that a cell must never reach. They really listen: `answer` shows that they are reached from the host
 * itself, so that a silence inside the cell means a wall and not a deaf listener.
 */
export interface Traps extends AsyncDisposable {
  /** On the host's end of the cell's link. */
  readonly tcpPort: number;
  readonly udpPort: number;
  /** A Unix socket that everybody may connect to, by path and by abstract name (without its leading zero byte). */
  readonly unixPath: string;
  readonly abstractName: string;
  /** Connections and datagrams that came in, less those of `answer`. */
  hits(): number;
  /** Whether each of them can be reached from the host. */
  answer(): Promise<boolean>;
  close(): Promise<void>;
}

const HELLO = "redline-trap";

/** @param name unique, for the socket's names */
export async function setTraps(hostAddress: string, unixPath: string, name: string): Promise<Traps> {
  let hits = 0;
  const ours = { tcp: 0, unix: 0, abstract: 0, udp: 0 };
  const serve = async (kind: keyof typeof ours, at: { host?: string; port?: number; path?: string }) => {
    const server = createServer((client) => {
      client.on("error", () => undefined);
      if (ours[kind] > 0) ours[kind] -= 1;
      else hits += 1;
      client.end(HELLO);
    });
    server.listen(at);
    await once(server, "listening");
    return server;
  };
  const opened: Server[] = [];
  const udp = createSocket("udp4");
  const close = async () => {
    await Promise.all([...opened.map(closed), closedUdp(udp)]);
  };
  try {
    const tcp = await serve("tcp", { host: hostAddress, port: 0 });
    opened.push(tcp, await serve("unix", { path: unixPath }), await serve("abstract", { path: `\0${name}` }));
    await chmod(unixPath, 0o777);
    udp.on("message", () => {
      if (ours.udp > 0) ours.udp -= 1;
      else hits += 1;
    });
    udp.bind(0, hostAddress);
    await once(udp, "listening");
    const address = tcp.address();
    const tcpPort = address !== null && typeof address === "object" ? address.port : 0;
    const udpPort = udp.address().port;
    const reach = async (kind: "tcp" | "unix" | "abstract", at: NetConnectOpts) => {
      ours[kind] += 1;
      return (await readAll(at)) === HELLO;
    };
    return {
      ...{ tcpPort, udpPort, unixPath, abstractName: name },
      hits: () => hits,
      answer: async () => {
        ours.udp += 1;
        const heard = once(udp, "message", { signal: AbortSignal.timeout(1000) }).then(
          () => true,
          () => false,
        );
        udp.send("x", udpPort, hostAddress);
        const all = await Promise.all([
          reach("tcp", { host: hostAddress, port: tcpPort }),
          reach("unix", { path: unixPath }),
          reach("abstract", { path: `\0${name}` }),
          heard,
        ]);
        return all.every(Boolean);
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function readAll(at: NetConnectOpts): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(at);
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function closedUdp(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      // It was never bound.
      resolve();
    }
  });
}
