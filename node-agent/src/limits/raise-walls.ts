import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { CellError } from "../cell/cell-error.ts";
import type { Cell } from "../cell/cell.ts";
import { membersOf } from "../cell/namespaces.ts";
import { runTool } from "../cell/run-tool.ts";
import { hardLimits } from "./rlimits.ts";

/** What a study takes away from whoever works in a cell, beyond its limits. */
export interface Walls {
  /** Nothing can be written into files. */
  readonly readOnly: boolean;
  /** Room for a shell and a small tool, not for a server. */
  readonly fewProcesses: boolean;
}

/** As they stand: what the cell's own sessions must see of them. */
export interface RaisedWalls {
  /** Largest file, bytes; null: as the cell's limit has it. */
  readonly fileBytes: number | null;
  /** Processes and threads at once, and a process's own memory; null: as the cell's limits have it. */
  readonly few: { readonly processes: number; readonly dataBytes: number } | null;
}

/** Beside what carries the cell: sshd's two for a session, a shell, and a tool of two processes. */
const ROOM = 5;
/**
 * The kernel does not count the processes of its own root, whom a cell's user may be in a lab. It bounds everybody's memory: a shell,
 * a small tool and sshd need less, and a runtime with threads, each with a stack of its own, or a server that loads a model, far more.
 * With more than this, Node would not give up at once but wait for threads that it never gets.
 */
const DATA_BYTES = 8_388_608;
/** sshd may fork between two looks; it does so for the daemon's session alone. */
const MOST_ROUNDS = 10;
const FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/**
 * Lowers the limits of every process that is in a cell now, from outside, and so of all that will come of them. Nothing in there can
 * raise them again. What was started before and is to do without them must not be there.
 * @throws CellError "not-contained" when a process does not have them.
 */
export async function raiseWalls(
  cell: Pick<Cell, "pidns">,
  { readOnly, fewProcesses }: Walls,
): Promise<RaisedWalls> {
  const members = () => membersOf({ pid: cell.pidns }).map(({ pid }) => pid);
  const processes = members().reduce((sum, pid) => sum + threadsOf(pid), ROOM);
  const raised: RaisedWalls = {
    fileBytes: readOnly ? 0 : null,
    few: fewProcesses ? { processes, dataBytes: DATA_BYTES } : null,
  };
  const words = [
    ...(raised.fileBytes === null ? [] : [`--fsize=${both(raised.fileBytes)}`]),
    ...(raised.few === null ? [] : [`--nproc=${both(processes)}`, `--data=${both(DATA_BYTES)}`]),
  ];
  if (words.length === 0) return raised;
  const prlimit = toolPath("prlimit");
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const without = members().filter((pid) => !hasWalls(pid, raised));
    if (without.length === 0) return raised;
    // As the cell's own user, who may lower what is its own: no right over others is needed.
    for (const pid of without) {
      const uid = uidOf(pid);
      if (uid !== null) await runTool(prlimit, ["--pid", String(pid), ...words], { uid });
    }
  }
  throw new CellError(
    "not-contained",
    "the walls of the condition do not hold for every process of the cell",
  );
}

const both = (value: number) => `${value}:${value}`;

/** A process that is gone needs none. */
function hasWalls(pid: number, { fileBytes, few }: RaisedWalls): boolean {
  try {
    const hard = hardLimits(pid);
    return (
      (fileBytes === null || hard.fileSize <= fileBytes) &&
      (few === null || (hard.processes <= few.processes && hard.data <= few.dataBytes))
    );
  } catch {
    return true;
  }
}

const threadsOf = (pid: number): number => Number(statusOf(pid, "Threads") ?? 0);

/** As the daemon's user namespace counts. */
function uidOf(pid: number): number | null {
  const uid = statusOf(pid, "Uid");
  return uid === null ? null : Number(uid);
}

/** The first number of a row; null when the process is gone. */
function statusOf(pid: number, row: "Threads" | "Uid"): string | null {
  try {
    return (
      new RegExp(`^${row}:\\s*(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? null
    );
  } catch {
    return null;
  }
}

function toolPath(name: string): string {
  const found = FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new CellError("tool", `not found: ${name}`);
  return found;
}
