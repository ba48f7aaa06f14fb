import { readFile, readdir, readlink, stat, statfs } from "node:fs/promises";
import { readProc } from "../observe/proc-file.ts";

/** What a cell uses, in bytes, counted from outside where no control group counts it. */
export interface CellMemory {
  readonly bytes: number;
  /** What ending each of its processes would free at least. */
  readonly processes: readonly { readonly pid: number; readonly bytes: number }[];
}

export interface RoughMemory {
  /** Own pages, page tables and swap of all processes: forked ones share some, so this is too much rather than too little. */
  readonly bytes: number;
  /** Processes and threads. */
  readonly tasks: number;
}

/** Kernel memory of one file in a tmpfs: its inode and its name. */
const FILE_BYTES = 1_024;
/** Processes that are read without giving way to other work: some 2 ms. */
const MOST_AT_ONCE = 100;
/** Descriptors that one look follows. A cell with more of them cannot be counted. */
const DESCRIPTORS_PER_LOOK = 20_000;

/**
 * A cheap look, some ten microseconds a process in the caller's own thread. Processes that end meanwhile count nothing; of more
 * processes than a look may hold the thread for, each is read in libuv's pool.
 */
export async function roughMemory(pids: readonly number[]): Promise<RoughMemory> {
  const paths = pids.map((pid) => `/proc/${pid}/status`);
  const looks =
    pids.length > MOST_AT_ONCE
      ? await Promise.all(paths.map((path) => readOr(path)))
      : paths.map((path) => readProc(path)?.toString("latin1") ?? "");
  return {
    bytes: looks.reduce((sum, text) => sum + rows(text, ["RssAnon", "VmPTE", "VmSwap"]), 0),
    tasks: looks.reduce((sum, text) => sum + Number(/^Threads:\s*(\d+)$/m.exec(text)?.[1] ?? 0), 0),
  };
}

/** All shared memory of the machine: tmpfs, memfd and shared mappings of everybody. */
export async function sharedMemoryOfMachine(): Promise<number> {
  return rows(await readOr("/proc/meminfo"), ["Shmem"]);
}

export interface TmpfsMemory {
  /** Content of files. */
  readonly content: number;
  /** What the files and folders themselves cost the kernel; no size of a tmpfs counts it. */
  readonly files: number;
}

/** What lies in the cell's tmpfs, by the paths at which init sees them. */
export async function tmpfsMemory(initPid: number, mounts: readonly string[]): Promise<TmpfsMemory> {
  const sum = { content: 0, files: 0 };
  for (const path of mounts)
    try {
      const fs = await statfs(`/proc/${initPid}/root${path}`);
      sum.content += (fs.blocks - fs.bfree) * fs.bsize;
      sum.files += (fs.files - fs.ffree) * FILE_BYTES;
    } catch {
      // The cell has ended.
    }
  return sum;
}

/**
 * The exact look: pages that processes share count once. A page may be both held (by a file or a descriptor) and mapped; then the
 * larger of the two sums is taken, so what is held alone and mapped alone at once may come to twice the limit before it is seen.
 * @returns null when the cell has too many open descriptors to be counted
 */
export async function exactMemory(
  initPid: number,
  pids: readonly number[],
  mounts: readonly string[],
): Promise<CellMemory | null> {
  const budget = { left: DESCRIPTORS_PER_LOOK };
  const held = new Map<string, number>();
  const processes: { pid: number; bytes: number }[] = [];
  let own = 0;
  let mapped = 0;
  for (const pid of pids) {
    const [rollup, status] = await Promise.all([
      readOr(`/proc/${pid}/smaps_rollup`),
      readOr(`/proc/${pid}/status`),
    ]);
    const alone = rows(rollup, ["Pss_Anon", "SwapPss"]) + rows(status, ["VmPTE"]);
    const shared = rows(rollup, ["Pss_Shmem"]);
    const files = await memoryFiles(pid, budget);
    if (files === null) return null;
    for (const [id, bytes] of files) held.set(id, bytes);
    const inFiles = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
    own += alone;
    mapped += shared;
    processes.push({ pid, bytes: alone + Math.max(shared, inFiles) });
  }
  const inDescriptors = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
  const tmpfs = await tmpfsMemory(initPid, mounts);
  return { bytes: own + tmpfs.files + Math.max(mapped, inDescriptors + tmpfs.content), processes };
}

/** Files in memory without a name that a process has open, by device and inode. */
async function memoryFiles(pid: number, budget: { left: number }): Promise<Map<string, number> | null> {
  const files = new Map<string, number>();
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  budget.left -= names.length;
  if (budget.left < 0) return null;
  await Promise.all(
    names.map(async (name) => {
      try {
        const path = `/proc/${pid}/fd/${name}`;
        if (!/^\/(memfd:|dev\/zero )/.test(await readlink(path))) return;
        const { dev, ino, blocks } = await stat(path);
        files.set(`${dev} ${ino}`, blocks * 512);
      } catch {
        // Closed meanwhile.
      }
    }),
  );
  return files;
}

/** Sum of lines like "VmPTE:   12 kB", in bytes. */
const rows = (text: string, names: readonly string[]) =>
  names.reduce(
    (sum, name) => sum + Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1_024,
    0,
  );

const readOr = (path: string) => readFile(path, "utf8").catch(() => "");
