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
  /** Not all of it could be read: no right to, or more descriptors than are looked at. */
  readonly partly: boolean;
}

/** An open file that has or had a path; of any owner while it is deleted. */
export interface HeldFile {
  readonly path: string;
  readonly deleted: boolean;
  /** Owner; -1 when it could not be asked. */
  readonly uid: number;
}

/** No process that is to be excused has more. A cell's own limit is far below. */
const MOST_DESCRIPTORS = 20_000;
const KINDS = ["pid", "net", "mnt", "user", "ipc", "uts", "cgroup", "time"] as const;
const DELETED = " (deleted)";
/** Not files of a file system that anybody could leave something on. */
const NO_FILES = ["/dev/", "/proc/", "/sys/"];
const GPU = "/dev/nvidia";

/** Null when the process is gone. Synchronous: for threads beside the daemon's own. */
export function readProcess(pid: number): ProcessRow | null {
  const stat = readProc(`/proc/${pid}/stat`);
  const parsed = stat === null ? null : parseStat(stat);
  const status = readProc(`/proc/${pid}/status`)?.toString("latin1");
  if (parsed === null || status === undefined) return null;
  // A kernel thread and a zombie have nothing of all this.
  const bare = parsed.kernelThread || isDead(parsed);
  const uids = /^Uid:\t([\d\t]+)$/m.exec(status)?.[1]?.split("\t").map(Number) ?? [];
  return {
    pid,
    parent: parsed.ppid,
    startTick: parsed.startTick,
    name: parsed.comm,
    uids: [...new Set(uids)],
    namespaces: bare ? [] : KINDS.flatMap((kind) => readLink(`/proc/${pid}/ns/${kind}`) ?? []),
    groups: bare ? "" : (readProc(`/proc/${pid}/cgroup`)?.toString("latin1") ?? ""),
    ...readDescriptors(pid, bare),
  };
}

function readDescriptors(pid: number, bare: boolean) {
  const sockets: string[] = [];
  const heldNamespaces: string[] = [];
  const files: HeldFile[] = [];
  let gpu = false;
  const folder = `/proc/${pid}/fd`;
  const names = bare ? [] : namesIn(folder);
  for (const name of (names ?? []).slice(0, MOST_DESCRIPTORS)) {
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
  return { sockets, heldNamespaces, files, gpu, partly: names === null || names.length > MOST_DESCRIPTORS };
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
