import type { AgentSocket, ProcessKey } from "@redline/shared";
import { boundedText } from "./bounded-text.ts";
import { listensAt, type TcpSocket } from "./tcp-connections.ts";
import type { UnixPair, UnixSocket } from "./unix-sockets.ts";

/** What is known of one cell's sockets when their ends are put together. */
export interface SocketTables {
  /** One entry a network namespace: addresses mean something inside one only. */
  readonly tcp: readonly (readonly TcpSocket[])[];
  readonly unix: readonly UnixSocket[];
  readonly pairs: readonly UnixPair[];
  /** Processes of the cell by the socket inodes they hold. */
  readonly owners: ReadonlyMap<string, readonly ProcessKey[]>;
  /** Inodes held by the daemon's own visitors, such as the prober, which dials TCP only. */
  readonly harness: ReadonlySet<string>;
}

/** A socket that the processes in question hold; `standard`: as input, output or error output only. */
export interface HeldSocket {
  readonly inode: string;
  readonly standard: boolean;
}

const MOST_PEERS = 20;
const TEXT = 80;

/**
 * TCP connections of these sockets. The peer is whoever holds the listener at the other end or, with it, the very other end; null where
 * that listener is not in the cell. What the harness itself dialled is left out.
 */
export function tcpEnds({ tcp, owners, harness }: SocketTables, held: ReadonlySet<string>): AgentSocket[] {
  return tcp.flatMap((table) =>
    table
      .filter(({ state, inode }) => state === "connected" && held.has(inode))
      .flatMap(({ local, remote }): AgentSocket[] => {
        const other = table.find((s) => s.state === "connected" && s.local === remote && s.remote === local);
        if (other !== undefined && harness.has(other.inode)) return [];
        const listeners = table.filter((s) => s.state === "listening" && listensAt(s.local, remote));
        const inodes = [...listeners, ...(other === undefined ? [] : [other])].map((s) => s.inode);
        // Where the far address is no address of this namespace, a listener with the same port is not the one.
        const here = other !== undefined || listeners.some((s) => s.local === remote) || isLoopback(remote);
        const known = here && inodes.some((inode) => owners.has(inode));
        return [
          socket(local, remote, known || (here && listeners.length > 0) ? ownersOf(owners, inodes) : null),
        ];
      }),
  );
}

/**
 * Unix stream connections of these sockets, except those without a name that only are a standard stream: every process
 * inherits such. The peer is whoever holds the other end, and the listener of its name.
 */
export function unixEnds({ unix, pairs, owners }: SocketTables, held: readonly HeldSocket[]): AgentSocket[] {
  const peers = new Map<string, Set<string>>();
  for (const [a, b] of pairs)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      peers.set(from, (peers.get(from) ?? new Set()).add(to));
  const pathsOf = (inode: string) =>
    unix.filter((s) => s.inode === inode && s.path !== "").map((s) => s.path);
  return held.flatMap(({ inode, standard }): AgentSocket[] => {
    if (!unix.some((s) => s.inode === inode && s.state === "connected")) return [];
    const ends = [...(peers.get(inode) ?? [])];
    const paths = ends.flatMap(pathsOf);
    if (standard && paths.length === 0) return [];
    const listeners = unix
      .filter((s) => s.state === "listening" && paths.includes(s.path))
      .map((s) => s.inode);
    const known = [...ends, ...listeners];
    // Not accepted yet: nobody holds the other end.
    const inCell = ends.length === 0 || known.some((end) => owners.has(end));
    const [own = ""] = pathsOf(inode);
    return [socket(`unix:${own}`, `unix:${paths[0] ?? ""}`, inCell ? ownersOf(owners, known) : null)];
  });
}

/** Each other end once before any comes twice: who opens many connections to one place hides none to another. */
export function variedFirst(sockets: readonly AgentSocket[], most: number): AgentSocket[] {
  const seen = new Set<string>();
  const [first, more]: [AgentSocket[], AgentSocket[]] = [[], []];
  for (const one of sockets) {
    const key = JSON.stringify([one.remote, one.peer]);
    (seen.has(key) ? more : first).push(one);
    seen.add(key);
  }
  return [...first, ...more].slice(0, most);
}

function ownersOf(owners: SocketTables["owners"], inodes: readonly string[]): ProcessKey[] {
  const keys = inodes.flatMap((inode) => owners.get(inode) ?? []);
  const unique = new Map(keys.map((key) => [`${key.pid} ${key.startTick}`, key]));
  return [...unique.values()].slice(0, MOST_PEERS);
}

function socket(local: string, remote: string, peer: ProcessKey[] | null): AgentSocket {
  return { local: boundedText(local, TEXT), remote: boundedText(remote, TEXT), peer };
}

const isLoopback = (address: string) => address.startsWith("127.") || address.startsWith("::1:");
