import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const KINDS = ["user", "pid", "net", "mnt", "uts", "ipc"] as const;
const SAMPLE_MS = 50;
/** In the settings or command line of every process that a test's run has started by name. */
const ANY_RUN = /\/redline-e2e-\w+/;

/** What of a run is still on this machine. */
export interface Left {
  readonly processes: string[];
  readonly namespaces: string[];
  readonly mounts: string[];
  readonly listeners: string[];
}
export const NOTHING_LEFT: Left = { processes: [], namespaces: [], mounts: [], listeners: [] };

/**
 * Follows everything that a run has: its processes (their settings or command line name the run's folder, or they are
 * in a namespace that such a process made), their namespaces, the listening sockets and mounts that come with it.
 * Other work on the machine does not disturb it. `left` must be empty in the end.
 */
export class RunTrace implements Disposable {
  readonly #dir: string;
  readonly #namespacesBefore = new Set<string>();
  readonly #mountsBefore = new Set(read("/proc/self/mountinfo").split("\n"));
  readonly #processes = new Set<string>();
  /** Those that are there now, and all that ever were. */
  readonly #namespaces = new Set<string>();
  readonly #met = new Set<string>();
  readonly #listeners = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(dir: string) {
    this.#dir = dir;
    for (const { namespaces } of list()) for (const ns of namespaces) this.#namespacesBefore.add(ns);
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** Most processes and namespaces seen; a trace that saw none proves nothing. */
  get seen(): { processes: number; namespaces: number } {
    return { processes: this.#processes.size, namespaces: this.#met.size };
  }

  left(): Left {
    this.#sample();
    const now = list();
    const sockets = new Set(listening().map((s) => s.inode));
    return {
      processes: now.filter((p) => this.#processes.has(p.key)).map((p) => `${p.key} ${p.text.slice(0, 120)}`),
      namespaces: [...new Set(now.flatMap((p) => p.namespaces.filter((ns) => this.#namespaces.has(ns))))],
      mounts: read("/proc/self/mountinfo")
        .split("\n")
        .filter((line) => !this.#mountsBefore.has(line)),
      listeners: [...this.#listeners].filter((inode) => sockets.has(inode)),
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const rows = list();
    // The kernel gives the number of a namespace that is gone to the next one, which may be another run's.
    const alive = new Set(rows.flatMap((p) => p.namespaces));
    for (const ns of this.#namespaces) if (!alive.has(ns)) this.#namespaces.delete(ns);
    const marked = rows.filter((p) => p.text.includes(this.#dir));
    // Between two looks a number may have gone over to a run beside this one, whose processes name its own folder.
    const others = rows.filter((p) => !marked.includes(p) && ANY_RUN.test(p.text));
    for (const ns of others.flatMap((p) => p.namespaces)) this.#namespaces.delete(ns);
    for (const ns of marked.flatMap((p) => p.namespaces))
      if (!this.#namespacesBefore.has(ns)) this.#namespaces.add(ns);
    const members = rows.filter(
      (p) =>
        marked.includes(p) || (!others.includes(p) && p.namespaces.some((ns) => this.#namespaces.has(ns))),
    );
    for (const { key, namespaces } of members) {
      this.#processes.add(key);
      for (const ns of namespaces) if (!this.#namespacesBefore.has(ns)) this.#namespaces.add(ns);
    }
    for (const ns of this.#namespaces) this.#met.add(ns);
    const held = new Set(members.flatMap((p) => socketsOf(p.pid)));
    for (const { inode } of listening()) if (held.has(inode)) this.#listeners.add(inode);
  }
}

/** Processes by pid and start time, with what tells whose they are. The test's own are left out. */
function list() {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid || Number(pid) === process.ppid) return [];
    const stat = read(`/proc/${pid}/stat`);
    const text = read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`);
    if (stat === "") return [];
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    const namespaces = KINDS.map((kind) => link(`/proc/${pid}/ns/${kind}`)).filter((ns) => ns !== "");
    return [{ pid, key: `${pid}@${start}`, text: text.replaceAll("\0", " "), namespaces }];
  });
}

/** Listening sockets of the machine's own network namespace: TCP, and Unix sockets with a name. */
function listening(): { inode: string }[] {
  const tcp = ["tcp", "tcp6"].flatMap((table) =>
    rows(`/proc/net/${table}`)
      .filter((f) => f[3] === "0A")
      .map((f) => f[9]),
  );
  const unix = rows("/proc/net/unix")
    .filter((f) => f[3] === "00010000")
    .map((f) => f[6]);
  return [...tcp, ...unix].flatMap((inode) => (inode === undefined ? [] : [{ inode }]));
}

const rows = (path: string) =>
  read(path)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/));

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
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
