import { readdirSync, statSync } from "node:fs";
import { readLink, readProc } from "../observe/proc-file.ts";
import { isDead, parseStat } from "../observe/proc-stat.ts";

/** One process as the daemon's own `/proc` shows it. Everything that can be read of it is read once, for all checks. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTick: number;
  /** Kernel's name of it: hostile text. */
  readonly name: string;
  /** Real, effective, saved and file-system uid, each once. */
  readonly uids: readonly number[];
  /** `net:[4026531840]` and so on; empty for a zombie. */
  readonly namespaces: readonly string[];
  readonly groups: string;
  /** Inodes of its sockets. */
  readonly sockets: readonly string[];
  /** Namespaces that it holds open by descriptor. */
  readonly heldNamespaces: readonly string[];
  readonly files: readonly HeldFile[];
  /** Has a device of NVIDIA's open. */
  readonly gpu: boolean;
  /** Not all of it could be read: no right to, or more descriptors than are looked at, of it or of all processes together. */
  readonly partly: boolean;
}

/** An open file that has or had a path; of any owner while it is deleted. */
export interface HeldFile {
  readonly path: string;
  readonly deleted: boolean;
  /** Owner; -1 when it could not be asked. */
  readonly uid: number;
}

/** No process that is to be excused has more. */
const MOST_DESCRIPTORS = 20_000;
/** Of all processes that one look reads: a machine has a tenth of it, and the look stays far below the thread's limit. */
const MOST_IN_A_LOOK = 200_000;
const KINDS = ["pid", "net", "mnt", "user", "ipc", "uts", "cgroup", "time"] as const;
const DELETED = " (deleted)";
/** Not files of a file system that anybody could leave something on. */
const NO_FILES = ["/dev/", "/proc/", "/sys/"];
const GPU = "/dev/nvidia";

/** What one look reads of descriptors. Of its own, so that no process can make every later look fail. */
export interface DescriptorReading {
  /**
   * Who is in one of these belongs to another live cell. Nothing that it has open is looked at: it would count for nothing, and a
   * cell with very many descriptors would hold up its neighbours' proofs.
   */
  readonly liveCells: ReadonlySet<string>;
  /** How many more are read; counted down. */
  left: number;
}

export const readingOf = (liveCells: ReadonlySet<string> = new Set(), left = MOST_IN_A_LOOK) =>
  ({ liveCells, left }) satisfies DescriptorReading;

/** Null when the process is gone. Synchronous: for threads beside the daemon's own. */
export function readProcess(pid: number, reading: DescriptorReading = readingOf()): ProcessRow | null {
  const stat = readProc(`/proc/${pid}/stat`);
  const parsed = stat === null ? null : parseStat(stat);
  const status = readProc(`/proc/${pid}/status`)?.toString("latin1");
  if (parsed === null || status === undefined) return null;
  // A kernel thread and a zombie have nothing of all this.
  const bare = parsed.kernelThread || isDead(parsed);
  const uids = /^Uid:\t([\d\t]+)$/m.exec(status)?.[1]?.split("\t").map(Number) ?? [];
  const namespaces = bare ? [] : KINDS.flatMap((kind) => readLink(`/proc/${pid}/ns/${kind}`) ?? []);
  const another = namespaces.some((name) => reading.liveCells.has(name));
  return {
    pid,
    parent: parsed.ppid,
    startTick: parsed.startTick,
    name: parsed.comm,
    uids: [...new Set(uids)],
    namespaces,
    groups: bare ? "" : (readProc(`/proc/${pid}/cgroup`)?.toString("latin1") ?? ""),
    ...readDescriptors(pid, bare || another, reading),
  };
}

function readDescriptors(pid: number, none: boolean, reading: DescriptorReading) {
  const sockets: string[] = [];
  const heldNamespaces: string[] = [];
  const files: HeldFile[] = [];
  let gpu = false;
  const folder = `/proc/${pid}/fd`;
  const names = none ? [] : namesIn(folder);
  const most = Math.min(MOST_DESCRIPTORS, reading.left);
  const read = (names ?? []).slice(0, most);
  reading.left -= read.length;
  for (const name of read) {
    const link = readLink(`${folder}/${name}`);
    if (link === null) continue;
    if (link.startsWith("socket:[")) sockets.push(link.slice(8, -1));
    else if (link.startsWith(GPU)) gpu = true;
    else if (/^[a-z_]+:\[\d+\]$/.test(link) && !link.startsWith("pipe:")) heldNamespaces.push(link);
    else if (link.startsWith("/") && !isSystem(link)) {
      const deleted = link.endsWith(DELETED);
      const path = deleted ? link.slice(0, -DELETED.length) : link;
      files.push({ path, deleted, uid: ownerOf(`${folder}/${name}`) });
    }
  }
  return { sockets, heldNamespaces, files, gpu, partly: names === null || names.length > most };
}

/** Null where the daemon may not look; empty when the process is gone. */
function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "EACCES" || code === "EPERM" ? null : [];
  }
}

/** What lies in memory below /dev can be left behind like any other file. */
const isSystem = (link: string) =>
  NO_FILES.some((prefix) => link.startsWith(prefix)) &&
  !link.startsWith("/dev/shm/") &&
  !link.startsWith("/dev/mqueue/");

function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch {
    return -1;
  }
}
