import { parseTcpAddress } from "../observe/tcp-address.ts";

/** One socket of a network namespace, whoever holds it. */
export interface SocketRow {
  /** `tcp`, `udp6`, `packet`, `unix` ... */
  readonly table: string;
  /** Inode of the network namespace's link: `net:[4026531840]`. */
  readonly netns: string;
  /** Address and port, or the path of a Unix socket (`@` for an abstract one): hostile text. */
  readonly name: string;
  readonly listens: boolean;
  /** Null for Unix sockets: their table does not say. */
  readonly uid: number | null;
  /** `0` for a connection that no process holds any more. */
  readonly inode: string;
}

export const INTERNET_TABLES = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6"] as const;
const TCP_LISTEN = "0A";
/** A datagram socket that is bound and not connected. */
const UNCONNECTED = "07";

/** Rows of `/proc/PID/net/{tcp,udp,raw,icmp}{,6}`. Lines of another form are left out. Pure. */
export function parseInternetTable(text: string, table: string, netns: string): SocketRow[] {
  return text.split("\n").flatMap((line): SocketRow[] => {
    const [, local = "", , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const at = parseTcpAddress(local);
    if (at === null || inode === undefined) return [];
    const listens = state === (table.startsWith("tcp") ? TCP_LISTEN : UNCONNECTED);
    return [{ table, netns, name: `${at.address} ${at.port}`, listens, uid: Number(uid), inode }];
  });
}

/** Rows of `/proc/PID/net/packet`. Pure. */
export function parsePacketTable(text: string, netns: string): SocketRow[] {
  return text.split("\n").flatMap((line): SocketRow[] => {
    const [, , , protocol, , , , uid, inode] = line.trim().split(/\s+/);
    if (inode === undefined || !/^\d+$/.test(inode)) return [];
    const name = `protocol ${protocol ?? "?"}`;
    return [{ table: "packet", netns, name, listens: true, uid: Number(uid), inode }];
  });
}

const UNIX_ROW = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +(\d+)(?: (.*))?$/;
const ACCEPTS = 0x10000;

/** Rows of `/proc/PID/net/unix`. A path may hold newlines and so make up more rows: they can add, never hide. Pure. */
export function parseUnixTable(text: string, netns: string): SocketRow[] {
  return text.split("\n").flatMap((line): SocketRow[] => {
    const [, flags = "", inode, name = ""] = UNIX_ROW.exec(line) ?? [];
    if (inode === undefined) return [];
    const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0;
    return [{ table: "unix", netns, name, listens, uid: null, inode }];
  });
}
