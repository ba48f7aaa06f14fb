import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { sameProcess, type ProcessKey, type Snapshot } from "@redline/shared";
import { TOOL_ENVIRONMENT } from "../cell/cell-tools.ts";
import { runTool } from "../cell/run-tool.ts";
import { PIDFD_SCRIPTS } from "./pidfd-script.ts";
import { isSame } from "./task-states.ts";

type Process = Pick<ProcessKey, "pid" | "startTick">;

/**
 * Inode number of each process's pidfd, as text: never used twice in one boot. One short-lived child for all of them. A process that is not
 * the one that was meant, before or after, has no entry; on a kernel or machine that cannot say nobody has.
 */
export async function pidfdInodes(processes: readonly Process[]): Promise<Map<number, string>> {
  const asked = processes.filter(isSame);
  if (asked.length === 0) return new Map();
  for (const { tool, args } of PIDFD_SCRIPTS) {
    const path = findTool(tool);
    if (path === undefined) continue;
    const stdin = asked.map(({ pid }) => `${pid}\n`).join("");
    const run = await runTool(path, args, { stdin }).catch(() => null);
    if (run?.code !== 0) continue;
    const found = new Map([...run.stdout.matchAll(/^(\d+) (\d{1,20})$/gm)].map((m) => [Number(m[1]), m[2]]));
    return new Map(
      asked.flatMap((process): [number, string][] => {
        const inode = found.get(process.pid);
        return inode !== undefined && isSame(process) ? [[process.pid, inode]] : [];
      }),
    );
  }
  return new Map();
}

/** Puts the pidfd's inode on these processes' rows. */
export async function withPidfds(snapshot: Snapshot, keys: readonly ProcessKey[]): Promise<Snapshot> {
  const wanted = snapshot.processes.filter((row) => keys.some((key) => sameProcess(key, row)));
  const inodes = await pidfdInodes(wanted);
  const marked = new Set(wanted);
  const processes = snapshot.processes.map((row) => {
    const pidfdInode = marked.has(row) ? inodes.get(row.pid) : undefined;
    return pidfdInode === undefined ? row : { ...row, pidfdInode };
  });
  return { ...snapshot, processes };
}

function findTool(name: string): string | undefined {
  return TOOL_ENVIRONMENT.PATH.split(":")
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
