import { closeSync, readSync } from "node:fs";
import type { ListenerRow } from "@redline/shared";
import { openProc } from "./proc-file.ts";
import { parseTcpAddress } from "./tcp-address.ts";

export type Family = ListenerRow["family"];
export const TCP_TABLES = [
  ["ipv4", "tcp"],
  ["ipv6", "tcp6"],
] as const;

const LISTEN = "0A";
/** Far more than 2,000 listeners of about 150 bytes; the rest of the table is never needed. */
export const TABLE_LIMIT_BYTES = 1024 * 1024;
const chunk = Buffer.allocUnsafe(64 * 1024);

/** Listening rows of the text of `/proc/PID/net/tcp{,6}`; owners are joined later. */
export function parseListeners(table: string, family: Family, netns: string): ListenerRow[] {
  const rows: ListenerRow[] = [];
  // Looks for the state column first: a busy server has thousands of rows that are not listeners.
  for (let at = table.indexOf(` ${LISTEN} `); at >= 0; at = table.indexOf(` ${LISTEN} `, at + 1)) {
    const start = table.lastIndexOf("\n", at) + 1;
    const end = table.indexOf("\n", at);
    const columns = table
      .slice(start, end < 0 ? undefined : end)
      .trim()
      .split(/ +/);
    const local = parseTcpAddress(columns[1] ?? "");
    const inode = columns[9];
    if (columns[3] !== LISTEN || local === null || inode === undefined) continue;
    rows.push({ family, ...local, inode, netns, owners: [] });
  }
  return rows;
}

/**
 * The kernel prints all listeners first, then connections, whose number the agent chooses. So reading may stop
 * once a complete row is not a listener. (net/ipv4/tcp_ipv4.c: `tcp_get_idx`.)
 */
export function pastListeners(table: string): boolean {
  const end = table.lastIndexOf("\n");
  const start = table.lastIndexOf("\n", end - 1);
  if (start < 0) return false;
  return (
    table
      .slice(start + 1, end)
      .trim()
      .split(/ +/, 4)[3] !== LISTEN
  );
}

/** Listeners of the network namespace that process `pid` is in; null when the table cannot be read. */
export function readListeners(pid: number, netns: string): ListenerRow[] | null {
  const rows: ListenerRow[] = [];
  for (const [family, file] of TCP_TABLES) {
    const fd = openProc(`/proc/${pid}/net/${file}`);
    // A kernel without IPv6 has no tcp6.
    if (fd < 0 && family === "ipv4") return null;
    if (fd < 0) continue;
    try {
      rows.push(...parseListeners(readTable(fd), family, netns));
    } catch {
      return null;
    } finally {
      closeSync(fd);
    }
  }
  return rows;
}

function readTable(fd: number): string {
  let table = "";
  while (table.length < TABLE_LIMIT_BYTES) {
    const n = readSync(fd, chunk, 0, chunk.length, null);
    if (n === 0) break;
    table += chunk.toString("latin1", 0, n);
    if (pastListeners(table)) break;
  }
  return table;
}
