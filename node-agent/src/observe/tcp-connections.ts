import { closeProc, openProc } from "./proc-file.ts";
import { readSync } from "node:fs";
import { parseTcpAddress } from "./tcp-address.ts";
import { TCP_TABLES } from "./tcp-table.ts";

/** A row of `/proc/PID/net/tcp{,6}` that matters for who talks to whom. Addresses as `ADDRESS:PORT`, IPv4-mapped ones as IPv4. */
export interface TcpSocket {
  readonly state: "listening" | "connected";
  readonly local: string;
  readonly remote: string;
  readonly inode: string;
}

/** ESTABLISHED and SYN_SENT; what has been closed by either side carries no question any more. */
const STATES: Readonly<Record<string, TcpSocket["state"]>> = {
  "01": "connected",
  "02": "connected",
  "0A": "listening",
};
/** About 50,000 connections. */
const LIMIT_BYTES = 8 * 1024 * 1024;
const chunk = Buffer.allocUnsafe(64 * 1024);

export function parseTcpSockets(table: string): TcpSocket[] {
  return table.split("\n").flatMap((line) => {
    const columns = line.trim().split(/ +/);
    const [, local = "", remote = "", code = ""] = columns;
    const state = STATES[code];
    const [from, to] = [textOf(local), textOf(remote)];
    const inode = columns[9];
    if (state === undefined || from === null || to === null || inode === undefined) return [];
    return [{ state, local: from, remote: to, inode }];
  });
}

/** Sockets of the network namespace that a process is in; empty when it is gone. */
export function readTcpSockets(pid: number): TcpSocket[] {
  return TCP_TABLES.flatMap(([, file]) => parseTcpSockets(readTable(`/proc/${pid}/net/${file}`)));
}

/** Text of a table of `/proc`, at most 8 MiB; empty when it cannot be read. */
export function readTable(path: string): string {
  const fd = openProc(path);
  if (fd < 0) return "";
  try {
    let table = "";
    while (table.length < LIMIT_BYTES) {
      const n = readSync(fd, chunk, 0, chunk.length, null);
      if (n === 0) break;
      table += chunk.toString("latin1", 0, n);
    }
    return table;
  } catch {
    return "";
  } finally {
    closeProc(fd);
  }
}

/** Whether a listener at `at` is reached by dialling `address`. */
export function listensAt(at: string, address: string): boolean {
  if (at === address) return true;
  const port = (text: string) => text.slice(text.lastIndexOf(":"));
  return port(at) === port(address) && (at.startsWith("0.0.0.0:") || at.startsWith(":::"));
}

function textOf(column: string): string | null {
  const parsed = parseTcpAddress(column);
  return parsed === null ? null : `${parsed.address.replace(/^::ffff:(?=\d+\.)/, "")}:${parsed.port}`;
}
