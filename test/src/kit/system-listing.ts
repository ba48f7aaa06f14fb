import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What of this machine a lab could leave behind. */
export interface SystemListing {
  /** `pid start comm` of every process that is not this test's own tree. */
  readonly processes: ReadonlySet<string>;
  /** `net:[123]` and so on, of every process. */
  readonly namespaces: ReadonlySet<string>;
  readonly mounts: ReadonlySet<string>;
  /** Listening TCP sockets of this network namespace and path-named or abstract Unix listeners. */
  readonly listeners: ReadonlySet<string>;
}

const KINDS = ["user", "pid", "net", "mnt", "uts", "ipc"] as const;

export function listSystem(): SystemListing {
  const processes = new Set<string>();
  const namespaces = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === "") continue;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    for (const kind of KINDS) {
      const inode = link(`/proc/${pid}/ns/${kind}`);
      if (inode !== "") namespaces.add(inode);
    }
    if (fields[1] !== "2" && pid !== "2" && !isOwnTree(Number(pid)))
      processes.add(`${pid} ${fields[19] ?? ""} ${stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"))}`);
  }
  return {
    processes,
    namespaces,
    mounts: new Set(read("/proc/self/mountinfo").split("\n")),
    listeners: new Set([...tcpListeners("tcp"), ...tcpListeners("tcp6"), ...unixListeners()]),
  };
}

/** What is there now and was not there before; empty lists when nothing is left. */
export function leftSince(before: SystemListing): Record<keyof SystemListing, string[]> {
  const now = listSystem();
  const added = (name: keyof SystemListing) => [...now[name]].filter((entry) => !before[name].has(entry));
  return {
    processes: added("processes"),
    namespaces: added("namespaces"),
    mounts: added("mounts"),
    listeners: added("listeners"),
  };
}

export const NOTHING_LEFT = { processes: [], namespaces: [], mounts: [], listeners: [] };

/** Processes below the test runner's own process are its workers, not the lab's. A lab is re-parented or gone by then. */
function isOwnTree(pid: number): boolean {
  for (let at = pid, i = 0; at > 1 && i < 64; i++) {
    if (at === process.ppid || at === process.pid) return true;
    const stat = read(`/proc/${at}/stat`);
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return false;
}

function tcpListeners(table: string): string[] {
  return read(`/proc/net/${table}`)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A")
    .map((fields) => `${table} ${fields[1] ?? ""}`);
}

function unixListeners(): string[] {
  return read("/proc/net/unix")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "00010000" && fields[7] !== undefined)
    .map((fields) => `unix ${fields[7] ?? ""}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
