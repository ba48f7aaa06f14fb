import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const KINDS = ["user", "pid", "net", "mnt", "uts", "ipc"] as const;
const SAMPLE_MS = 50;
/** A process changes what it is when it starts (fork, exec, namespaces): read anew at its first samples, then at every so many. */
const YOUNG_SAMPLES = 4;
const OLD_EVERY = 20;
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
  /** Rows as last read, and how many samples have met them: to read all of `/proc` at each would cost a third of a core. */
  readonly #known = new Map<string, Known>();
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
    this.#known.clear();
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
    const rows = this.#rows();
    // The kernel gives the number of a namespace that is gone to the next one, which may be another run's.
    const alive = new Set(rows.flatMap((p) => p.namespaces));
    for (const ns of this.#namespaces) if (!alive.has(ns)) this.#namespaces.delete(ns);
    // Between two looks a number may have gone over to a run beside this one, whose processes name its own folder.
    for (const ns of rows.filter((p) => p.others).flatMap((p) => p.namespaces)) this.#namespaces.delete(ns);
    for (const ns of rows.filter((p) => p.ours).flatMap((p) => p.namespaces))
      if (!this.#namespacesBefore.has(ns)) this.#namespaces.add(ns);
    const members = rows.filter(
      (p) => p.ours || (!p.others && p.namespaces.some((ns) => this.#namespaces.has(ns))),
    );
    for (const { key, namespaces } of members) {
      this.#processes.add(key);
      for (const ns of namespaces) if (!this.#namespacesBefore.has(ns)) this.#namespaces.add(ns);
    }
    for (const ns of this.#namespaces) this.#met.add(ns);
    const held = new Set(members.filter((p) => p.fresh).flatMap((p) => socketsOf(p.pid)));
    if (held.size === 0) return;
    for (const { inode } of listening()) if (held.has(inode)) this.#listeners.add(inode);
  }

  /** Every process of the machine; `fresh` where it was read for this sample. */
  #rows(): Sampled[] {
    const pids = numbers();
    const there = new Set(pids);
    for (const pid of this.#known.keys()) if (!there.has(pid)) this.#known.delete(pid);
    return pids.flatMap((pid): Sampled[] => {
      const known = this.#known.get(pid);
      const samples = (known?.samples ?? -1) + 1;
      if (known !== undefined && samples >= YOUNG_SAMPLES && samples % OLD_EVERY !== 0) {
        known.samples = samples;
        return [known.row];
      }
      const row = rowOf(pid);
      if (row === undefined) return [];
      // Another process with the number of one that is gone is young.
      const ours = row.text.includes(this.#dir);
      const sampled = { ...row, ours, others: !ours && ANY_RUN.test(row.text) };
      this.#known.set(pid, {
        row: { ...sampled, fresh: false },
        samples: known?.row.key === row.key ? samples : 0,
      });
      return [{ ...sampled, fresh: true }];
    });
  }
}

/** A process by pid and start time, with what tells whose it is. */
interface Row {
  readonly pid: string;
  readonly key: string;
  readonly text: string;
  readonly namespaces: readonly string[];
}
interface Sampled extends Row {
  /** It names this run's folder, or another's. */
  readonly ours: boolean;
  readonly others: boolean;
  /** Read for this sample. */
  readonly fresh: boolean;
}
interface Known {
  readonly row: Sampled;
  samples: number;
}

/** Of all processes but the test's own. */
const numbers = () =>
  readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && Number(pid) !== process.ppid,
  );
const list = () => numbers().flatMap((pid) => rowOf(pid) ?? []);

function rowOf(pid: string): Row | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const text = read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`);
  if (stat === "") return undefined;
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  const namespaces = KINDS.map((kind) => link(`/proc/${pid}/ns/${kind}`)).filter((ns) => ns !== "");
  return { pid, key: `${pid}@${start}`, text: text.replaceAll("\0", " "), namespaces };
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
