import { readdirSync } from "node:fs";
import { readText } from "../weights/proc-text.ts";
import { listPids, listProc, readLink } from "../observe/proc-file.ts";
import { parseMountinfo, type MountRow } from "../observe/mountinfo.ts";
import { digestFiles, type Digests } from "./digests.ts";
import { listFolders, type FolderEntries } from "./folder-entries.ts";
import { readAuthorizedKeys, type AuthorizedKeys } from "./key-lines.ts";
import { readingOf, readProcess, type ProcessRow } from "./process-row.ts";
import {
  INTERNET_TABLES,
  parseInternetTable,
  parsePacketTable,
  parseUnixTable,
  type SocketRow,
} from "./socket-row.ts";
import { parseSysv, type SysvRow } from "./sysv-row.ts";

/** A namespace that a mount keeps, and where. */
export interface NamespaceMount {
  readonly namespace: string;
  readonly point: string;
}

/** All that a proof compares, of the whole node at one moment: `/proc` is read once for all checks. */
export interface NodeLook {
  /** The daemon: its pid, its uid, its namespaces. */
  readonly self: { readonly pid: number; readonly uid: number; readonly namespaces: readonly string[] };
  readonly processes: readonly ProcessRow[];
  readonly sockets: readonly SocketRow[];
  /** Of every mount namespace that a process is in. */
  readonly namespaceMounts: readonly NamespaceMount[];
  /** The daemon's own. */
  readonly mounts: readonly MountRow[];
  readonly sysv: readonly SysvRow[];
  readonly sharedMemory: FolderEntries;
  /** Whether POSIX message queues can be seen at all. */
  readonly queues: boolean;
  readonly openPlaces: FolderEntries;
  readonly timers: Digests;
  readonly jobs: Digests;
  readonly authorizedKeys: AuthorizedKeys;
  /** Whether the machine has a GPU's device file. */
  readonly gpus: boolean;
  /** `loop0 /path/of/its/file`. */
  readonly loops: readonly string[];
  /** Tables that were too long or could not be read. */
  readonly missing: readonly string[];
}

const TIMERS = [
  "/run/systemd/transient",
  "/run/systemd/system",
  "/run/systemd/user",
  "/var/lib/systemd/linger",
];
const UNITS = ["/etc/systemd/system", "/etc/systemd/user"];
const JOBS = ["crontab", "anacrontab", "cron.d", "cron.hourly", "cron.daily", "cron.weekly", "cron.monthly"];
const SPOOLS = ["/var/spool/cron", "/var/spool/at", "/var/spool/atjobs"];
/** Where every user may leave something. */
const OPEN_PLACES = ["/tmp", "/var/tmp", "/run", "/run/lock", "/var/mail", "/var/crash", "/home"];
const SHARED_MEMORY = "/dev/shm";
const MOST_TABLE_BYTES = 8 * 1024 * 1024;

/**
 * Synchronous, some 50 ms: for threads beside the daemon's own.
 * @param places folders besides those that every machine has
 * @param liveCells namespaces of other live cells, whose descriptors and sockets are left alone
 */
export function takeNodeLook(places: readonly string[] = [], liveCells: readonly string[] = []): NodeLook {
  const missing: string[] = [];
  const read = (path: string): string => {
    const text = readText(path, MOST_TABLE_BYTES);
    if (text !== null && text.length < MOST_TABLE_BYTES) return text;
    missing.push(path);
    return text ?? "";
  };
  // A driver whose cells share a namespace with the daemon tells nobody apart by it.
  const reading = readingOf(new Set(liveCells.filter((name) => !isOwn(name))));
  const processes = listPids().flatMap((pid) => readProcess(pid, reading) ?? []);
  const mounts = parseMountinfo(read("/proc/self/mountinfo"));
  const queues = mounts.filter(({ fsType }) => fsType === "mqueue").map(({ point }) => point);
  const memory = [...new Set([SHARED_MEMORY, ...queues])];
  return {
    self: {
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
      namespaces: processes.find(({ pid }) => pid === process.pid)?.namespaces ?? [],
    },
    processes,
    sockets: readSockets(processes, reading.liveCells),
    namespaceMounts: readNamespaceMounts(processes),
    mounts,
    sysv: (["shm", "sem", "msg"] as const).flatMap((kind) => parseSysv(kind, read(`/proc/sysvipc/${kind}`))),
    sharedMemory: listFolders(memory),
    queues: queues.length > 0,
    openPlaces: listFolders([...OPEN_PLACES, ...places.filter((place) => !memory.includes(place))]),
    timers: digestFiles([...TIMERS, ...UNITS]),
    jobs: digestFiles([...JOBS.map((name) => `/etc/${name}`), ...SPOOLS]),
    authorizedKeys: readAuthorizedKeys(),
    gpus: listProc("/dev").some((name) => name.startsWith("nvidia")),
    loops: readLoops(read),
    missing,
  };
}

/** One process speaks for all of its namespace. */
function oneOfEach(processes: readonly ProcessRow[], kind: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { pid, namespaces } of processes) {
    const name = namespaces.find((text) => text.startsWith(`${kind}:`));
    if (name !== undefined && !found.has(name)) found.set(name, pid);
  }
  return found;
}

const isOwn = (name: string) => readLink(`/proc/self/ns/${name.split(":", 1)[0] ?? ""}`) === name;

function readSockets(processes: readonly ProcessRow[], liveCells: ReadonlySet<string>): SocketRow[] {
  return [...oneOfEach(processes, "net")].flatMap(([netns, pid]) => {
    if (liveCells.has(netns)) return [];
    // A process that just ended or a kernel without the family: then there is no table.
    const table = (name: string) => readText(`/proc/${pid}/net/${name}`, MOST_TABLE_BYTES) ?? "";
    return [
      ...INTERNET_TABLES.flatMap((name) => parseInternetTable(table(name), name, netns)),
      ...parsePacketTable(table("packet"), netns),
      ...parseUnixTable(table("unix"), netns),
    ];
  });
}

function readNamespaceMounts(processes: readonly ProcessRow[]): NamespaceMount[] {
  return [...oneOfEach(processes, "mnt").values()].flatMap((pid) =>
    parseMountinfo(readText(`/proc/${pid}/mountinfo`, MOST_TABLE_BYTES) ?? "")
      .filter(({ fsType }) => fsType === "nsfs")
      .map(({ root, point }) => ({ namespace: root, point })),
  );
}

function readLoops(read: (path: string) => string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync("/sys/block").filter((name) => name.startsWith("loop"));
  } catch {
    read("/sys/block");
  }
  return names.flatMap((name) => {
    const file = readText(`/sys/block/${name}/loop/backing_file`, 4096)?.trim() ?? "";
    return file === "" ? [] : [`${name} ${file}`];
  });
}

/** Kernel's number of the first namespace of a kind: whoever is in another one has it with few others or alone. */
const FIRST = { pid: "pid:[4026531836]", ipc: "ipc:[4026531839]", user: "user:[4026531837]" } as const;

/** True where the daemon is in a namespace of this kind that is not the machine's first. Pure. */
export const isApart = ({ self }: NodeLook, kind: keyof typeof FIRST) =>
  self.namespaces.length > 0 && !self.namespaces.includes(FIRST[kind]);
