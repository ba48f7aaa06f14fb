import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process of the lab as the lab's own `/proc` shows it. */
export interface LabProcessRow {
  readonly pid: number;
  readonly ppid: number;
  readonly argv: readonly string[];
  readonly environ: string;
  /** How many PID namespaces below the lab's own it is in: 0 the lab, 1 a host, 2 and more a cell. */
  readonly depth: number;
  /** Inode of its PID namespace; empty where it could not be read any more. */
  readonly pidns: string;
}

/** Every process that runs (zombies do not). Nothing of the daemons' own is asked: only `/proc`. */
export function scan(): LabProcessRow[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const status = read(`/proc/${name}/status`);
    const nspid = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    if (nspid.length === 0 || /^State:\s*[ZX]/m.test(status)) return [];
    return [
      {
        pid: Number(name),
        ppid: Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0),
        argv: read(`/proc/${name}/cmdline`).split("\0"),
        environ: read(`/proc/${name}/environ`),
        depth: nspid.length - 1,
        pidns: link(`/proc/${name}/ns/pid`),
      },
    ];
  });
}

/** What is below a process, whatever namespaces lie between. */
export function below(rows: readonly LabProcessRow[], root: number): LabProcessRow[] {
  const parents = new Map(rows.map(({ pid, ppid }) => [pid, ppid]));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return rows.filter(({ pid }) => isBelow(pid));
}

/** PID namespaces of cells among these processes. */
export const cellsOf = (rows: readonly LabProcessRow[]): Set<string> =>
  new Set(rows.filter(({ depth, pidns }) => depth >= 2 && pidns !== "").map(({ pidns }) => pidns));

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

/** Whether this is one of our own programs. */
export const isNode = (argv: readonly string[], entry: string) =>
  argv[0] === process.execPath && argv[1] === entry;
