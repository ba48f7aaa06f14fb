import { open, readdir, readlink } from "node:fs/promises";
import type { ProcessKey, ProcessReads } from "@redline/shared";
import { inodeIn } from "../observe/proc-file.ts";
import { parseStat } from "../observe/proc-stat.ts";
import { parseTcpAddress } from "../observe/tcp-address.ts";

const LISTEN = "0A";
const ESTABLISHED = "01";
/** Some 50,000 connections. */
const MOST_TABLE_BYTES = 8 * 1024 * 1024;
const MOST_REMOTES = 50;
const MOST_FDS = 10_000;

/** Bytes these processes have read; those that are gone have no entry. */
export async function readsOf(processes: readonly ProcessKey[]): Promise<ProcessReads[]> {
  const rows: ProcessReads[] = [];
  for (const { bootId, pid, startTick } of processes) {
    const text = await bounded(`/proc/${pid}/io`, 4096);
    const [read, disk] = ["rchar", "read_bytes"].map((name) =>
      Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1]),
    );
    if (
      read === undefined ||
      disk === undefined ||
      !Number.isSafeInteger(read) ||
      !Number.isSafeInteger(disk)
    )
      continue;
    if (await isStill(pid, startTick)) rows.push({ process: { bootId, pid, startTick }, read, disk });
  }
  return rows;
}

/**
 * Established TCP connections of these processes, `local -> remote`, at most 50. Those that came in through a port on which one of
 * them listens are left out: they are how it is asked, not where it asks.
 */
export async function remotesOf(processes: readonly ProcessKey[]): Promise<string[]> {
  const held = new Set<string>();
  const tables = new Map<string, string>();
  for (const { pid, startTick } of processes) {
    const sockets = await socketsOf(pid);
    const netns = await readlink(`/proc/${pid}/ns/net`).catch(() => "");
    if (netns !== "" && !tables.has(netns))
      tables.set(
        netns,
        (
          await Promise.all(["tcp", "tcp6"].map((t) => bounded(`/proc/${pid}/net/${t}`, MOST_TABLE_BYTES)))
        ).join(""),
      );
    if (await isStill(pid, startTick)) for (const inode of sockets) held.add(inode);
  }
  return [...tables.values()].flatMap((table) => outgoing(table, held)).slice(0, MOST_REMOTES);
}

/** Pure; `table` is the text of `/proc/PID/net/tcp` and `tcp6` in either order, `held` the socket inodes of the processes. */
export function outgoing(table: string, held: ReadonlySet<string>): string[] {
  const rows = table.split("\n").map((line) => line.trim().split(/ +/, 10));
  const mine = rows.filter((columns) => held.has(columns[9] ?? ""));
  const own = new Set(mine.filter((c) => c[3] === LISTEN).map((c) => parseTcpAddress(c[1] ?? "")?.port));
  return mine.flatMap((columns) => {
    const local = parseTcpAddress(columns[1] ?? "");
    const remote = parseTcpAddress(columns[2] ?? "");
    if (columns[3] !== ESTABLISHED || local === null || remote === null || own.has(local.port)) return [];
    return [`${endpoint(local)} -> ${endpoint(remote)}`];
  });
}

const endpoint = ({ address, port }: { address: string; port: number }) =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

async function socketsOf(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(
    names.slice(0, MOST_FDS).map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => null)),
  );
  return links.flatMap((link) => inodeIn(link, "socket") ?? []);
}

/** The number still belongs to that process, so what was read before was its own. */
async function isStill(pid: number, startTick: number): Promise<boolean> {
  const text = await bounded(`/proc/${pid}/stat`, 4096);
  return parseStat(Buffer.from(text, "latin1"))?.startTick === startTick;
}

/** Empty for what cannot be read. */
async function bounded(path: string, most: number): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return "";
  const buffer = Buffer.allocUnsafe(Math.min(most, 64 * 1024));
  let text = "";
  try {
    while (text.length < most) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      text += buffer.toString("latin1", 0, bytesRead);
    }
    return text;
  } catch {
    return "";
  } finally {
    await file.close();
  }
}
