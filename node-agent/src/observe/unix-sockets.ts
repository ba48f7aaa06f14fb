import { readTable } from "./tcp-connections.ts";

/** A stream socket of `/proc/PID/net/unix`. A path may hold newlines and so make up more rows: they can add, never hide. */
export interface UnixSocket {
  readonly inode: string;
  readonly state: "listening" | "connected" | "other";
  /** Path, `@name` for an abstract one, empty for one without a name. Hostile text. */
  readonly path: string;
}

/** Both ends of a Unix connection, by inode. `/proc` does not say it; `ss -xH` does. */
export type UnixPair = readonly [string, string];

const ACCEPTS = 0x10000;
const STREAM_TYPES = new Set(["0001", "0005"]);
const ROW = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) ([0-9A-F]+) ([0-9A-F]+) +(\d+)(?: (.*))?$/;

export function parseUnixSockets(table: string): UnixSocket[] {
  return table.split("\n").flatMap((line) => {
    const [, flags = "", type = "", code, inode, path = ""] = ROW.exec(line) ?? [];
    if (inode === undefined || !STREAM_TYPES.has(type)) return [];
    const accepts = (Number.parseInt(flags, 16) & ACCEPTS) !== 0;
    return [{ inode, state: accepts ? "listening" : code === "03" ? "connected" : "other", path }];
  });
}

/** Unix sockets of the network namespace that a process is in; empty when it is gone. */
export const readUnixSockets = (pid: number) => parseUnixSockets(readTable(`/proc/${pid}/net/unix`));

/**
 * Connected pairs in the output of `ss -xH`, of which only the last columns are read: a name before them may hold
 * blanks and newlines. An end that was not accepted yet has inode 0 and makes no pair.
 */
export function parseUnixPairs(output: string): UnixPair[] {
  return output.split("\n").flatMap((line): UnixPair[] => {
    const [, local, peer] = /(?:^|\s)(\d+)\s+\*\s+(\d+)\s*$/.exec(line) ?? [];
    return local === undefined || peer === undefined || peer === "0" ? [] : [[local, peer]];
  });
}
