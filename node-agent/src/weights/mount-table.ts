import { readlinkSync, statfsSync } from "node:fs";
import { parseMountinfo } from "../observe/mountinfo.ts";
import { readProc } from "../observe/proc-file.ts";
import { readText } from "./proc-text.ts";

/** The mount through which a process opened a file. */
export interface Mount {
  readonly fsType: string;
  /** As the process sees it; empty where its namespace has no such mount (a memfd, a mount taken away). */
  readonly point: string;
  /** What of the file system is mounted there: `/` for all of it. */
  readonly root: string;
  /** Neither the mount nor its file system is read-only. */
  readonly writable: boolean;
}

/** Most of a mount table that is read; a cell has about 5 kB. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Mounts of a process by their id. */
export function mountsById(text: string): Map<string, Mount> {
  return new Map(
    parseMountinfo(text).map(({ id, root, point, fsType, options, superOptions }) => [
      id,
      { fsType, root, point, writable: options.includes("rw") && superOptions.includes("rw") },
    ]),
  );
}

/**
 * The mount of an open descriptor of ours, which was opened through process `pid`: by its mount id, so that no path and no later
 * mount over it can mislead. `known` keeps what was looked up, by id.
 */
export function mountOf(fd: number, pid: number, known: Map<string, Mount>): Mount {
  const info = readProc(`/proc/self/fdinfo/${fd}`, 4096)?.toString("latin1") ?? "";
  const id = /^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? "";
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const table = readText(`/proc/${pid}/mountinfo`, MOST_BYTES);
  const found = table === null ? undefined : mountsById(table).get(id);
  if (found === undefined) return { fsType: typeByNumber(fd), point: "", root: "/", writable: true };
  known.set(id, found);
  return found;
}

/** Numbers of statfs(2), for files whose mount is in no table. */
const TYPES: Readonly<Record<string, string>> = {
  "1021994": "tmpfs",
  ef53: "ext4",
  "58465342": "xfs",
  "9123683e": "btrfs",
  "794c7630": "overlay",
  "958458f6": "hugetlbfs",
  "6969": "nfs",
  ff534d42: "cifs",
  fe534d42: "smb3",
  "1021997": "9p",
  c36400: "ceph",
  "65735546": "fuse",
};

function typeByNumber(fd: number): string {
  try {
    const number = statfsSync(`/proc/self/fd/${fd}`).type.toString(16);
    const memory = readlinkSync(`/proc/self/fd/${fd}`).startsWith("/memfd:");
    return memory ? "memfd" : (TYPES[number] ?? number);
  } catch {
    return "";
  }
}
