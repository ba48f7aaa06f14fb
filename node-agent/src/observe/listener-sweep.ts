import type { ListenerRow } from "@redline/shared";
import { open, readlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CellScope } from "./cell-scope.ts";
import { inodeIn, readProc } from "./proc-file.ts";
import { parseListeners, pastListeners, TABLE_LIMIT_BYTES, TCP_TABLES, type Family } from "./tcp-table.ts";

const GLANCE_MS = 50;
/** Longer than all of its lines. */
const SOCKSTAT_BYTES = 4096;

/** What changed since the last look. Rows carry no owners: those are the snapshot's work. */
export interface ListenerChange {
  readonly appeared: readonly ListenerRow[];
  readonly gone: readonly ListenerRow[];
}

export interface SweepOptions {
  readonly scope: CellScope;
  /** Longest time between two looks at the listeners. */
  readonly everyMs: number;
  /** Time between two glances at the number of sockets, any change of which is a reason to look. Default 50. */
  readonly glanceMs?: number;
  /** Listeners already recorded (the baseline's): the first look reports against these. */
  readonly known: readonly ListenerRow[];
  readonly signal: AbortSignal;
}

/**
 * Cheap change detector over the cell's own network namespace (a namespace nested in it needs a snapshot). Yields
 * changes only. Ends when the signal aborts or the cell's init is gone; it never throws for either.
 *
 * Why plain asynchronous reads and no `ss`: measured side by side with the kernel's table of 262,144 connection
 * buckets, a look takes 4.8 ms in libuv's pool but 0.5 ms of the daemon's loop; `nsenter ss -tlnH` takes 3.7 ms but 1.5 ms
 * of the loop (the fork), and puts a process into the cell's network. With `tcp_child_ehash_entries` at 1,024 in
 * the namespace that cells are made from, a look takes 0.1 ms.
 *
 * So between looks only the kernel's own count of sockets is read, which costs the same with any number of them. A listener
 * that comes in the very moment when another socket goes is seen at the next look.
 */
export async function* sweepListeners(options: SweepOptions): AsyncGenerator<ListenerChange, void> {
  const { scope, everyMs, signal } = options;
  let known = new Map(options.known.filter((l) => l.netns === scope.netns).map((l) => [l.inode, l]));
  while (!signal.aborted) {
    // Before the look: what comes during it changes the count.
    const count = countSockets(scope.initPid);
    const lookAgain = performance.now() + everyMs;
    const rows = await lookAtListeners(scope);
    if (rows === null) return;
    const now = new Map(rows.map((l) => [l.inode, l]));
    const appeared = rows.filter((l) => !known.has(l.inode));
    const gone = [...known.values()].filter((l) => !now.has(l.inode));
    known = now;
    if (appeared.length > 0 || gone.length > 0) yield { appeared, gone };
    await untilChange(options, count, lookAgain);
  }
}

/** Returns when it is time to look, the number of sockets is another one, or the signal aborts. */
async function untilChange(
  { scope, glanceMs = GLANCE_MS, signal }: SweepOptions,
  count: string,
  lookAgain: number,
): Promise<void> {
  for (;;) {
    const left = lookAgain - performance.now();
    if (left <= 0 || signal.aborted) return;
    await delay(Math.min(glanceMs, left), undefined, { signal }).catch(() => undefined);
    if (countSockets(scope.initPid) !== count) return;
  }
}

/**
 * How many TCP sockets are in use in the network of a process, as the kernel writes it; empty when it cannot be read. Read in the
 * daemon's own thread: some lines that the kernel only adds up, twenty times a second, of which a trip to libuv's pool would be
 * nine tenths.
 */
export function countSockets(pid: number): string {
  return ["sockstat", "sockstat6"]
    .map((file) => readProc(`/proc/${pid}/net/${file}`, SOCKSTAT_BYTES)?.toString("latin1") ?? "")
    .map((text) => /^TCP6?: inuse \d+/m.exec(text)?.[0] ?? "")
    .join(" ");
}

/** One look; null when the cell's init is gone or no longer in the cell's network (its pid was reused). */
export async function lookAtListeners(scope: CellScope): Promise<ListenerRow[] | null> {
  try {
    const rows: ListenerRow[] = [];
    for (const [family, file] of TCP_TABLES)
      rows.push(...(await readRows(`/proc/${scope.initPid}/net/${file}`, family, scope.netns)));
    const netns = inodeIn(await readlink(`/proc/${scope.initPid}/ns/net`), "net");
    return netns === scope.netns ? rows : null;
  } catch {
    return null;
  }
}

async function readRows(path: string, family: Family, netns: string): Promise<ListenerRow[]> {
  const file = await open(path).catch((error: unknown) => {
    // A kernel without IPv6 has no tcp6.
    if (family === "ipv6") return null;
    throw error;
  });
  if (file === null) return [];
  try {
    const buffer = Buffer.allocUnsafe(16 * 1024);
    let table = "";
    while (table.length < TABLE_LIMIT_BYTES && !pastListeners(table)) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      table += buffer.toString("latin1", 0, bytesRead);
    }
    return parseListeners(table, family, netns);
  } finally {
    await file.close();
  }
}
