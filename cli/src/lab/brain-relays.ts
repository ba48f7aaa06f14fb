import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrainUrl } from "./brain-url.ts";
import { joinSockets } from "./join-sockets.ts";

/** Where a host of the lab finds the way to one address: a listener there at `host:port` speaks to the socket. */
export interface BrainRelay {
  readonly host: string;
  readonly port: number;
  readonly socketPath: string;
}

export interface BrainRelays {
  readonly relays: readonly BrainRelay[];
  /** Ends all connections and removes the sockets. Safe more than once. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 256;

/** The folder below which the sockets' own one is made. */
export const relayParent = tmpdir;

/**
 * Opens a Unix socket for each address, in a folder that only the lab's user may enter, and leads what comes in by it to that
 * address and to no other. This runs in the command's own process, outside the lab's network; a socket file crosses
 * network namespaces, so the lab itself still has no uplink.
 * @param uid the user that the lab becomes; null for the caller's own.
 */
export async function openBrainRelays(brains: readonly BrainUrl[], uid: number | null): Promise<BrainRelays> {
  const addresses = new Map(brains.map((brain) => [`${brain.host}:${brain.port}`, brain]));
  if (addresses.size === 0) return { relays: [], close: () => Promise.resolve() };
  const folder = await mkdtemp(join(relayParent(), "redline-brains-"));
  const open = new Set<Socket>();
  const servers: Server[] = [];
  const relays: BrainRelay[] = [];
  const close = async () => {
    for (const socket of open) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const { host, port } of addresses.values()) {
      const socketPath = join(folder, `${relays.length}.sock`);
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        const out = connect({ host, port, allowHalfOpen: true });
        for (const side of [socket, out]) {
          open.add(side);
          side.once("close", () => open.delete(side));
        }
        joinSockets(socket, out);
      });
      server.maxConnections = MOST_CONNECTIONS;
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(socketPath, resolve);
      });
      servers.push(server);
      await chmod(socketPath, 0o600);
      if (uid !== null) await chown(socketPath, uid, uid);
      relays.push({ host, port, socketPath });
    }
    if (uid !== null) await chown(folder, uid, uid);
  } catch (error) {
    await close();
    throw error;
  }
  return { relays, close };
}
