import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { TOOL_ENVIRONMENT } from "../cell/cell-tools.ts";
import type { Cell } from "../cell/cell.ts";

const LIMIT_MS = 5_000;

/**
 * Mounts an empty file over one of a cell, in the cell's mount namespace; nothing in the cell can lift it. By the system's own
 * `mount`, whose folder is read-only there; what it could hit by a race with the agent is the agent's own.
 * @param path as in the cell
 * @throws Error when the cell is gone or the tool fails
 */
export async function hideFile(
  cell: Pick<Cell, "initPid" | "pidns">,
  path: string,
  nsenter: string,
): Promise<void> {
  const namespace = openSync(`/proc/${cell.initPid}/ns/mnt`, "r");
  try {
    // Asked once the namespace is held: so it is the cell's, and not that of a process that got the number later.
    if (!isInit(cell)) throw new Error("the cell is gone");
    await mountEmpty(path, nsenter, namespace);
  } finally {
    closeSync(namespace);
  }
}

function mountEmpty(path: string, nsenter: string, namespace: number): Promise<void> {
  const mount = ["mount", "--no-mtab", "--internal-only", "--bind", "/dev/null", path];
  return new Promise((resolve, reject) => {
    const child = spawn(nsenter, ["--mount=/proc/self/fd/3", "--", ...mount], {
      env: TOOL_ENVIRONMENT,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe", namespace],
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, 300)));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${path} could not be hidden by mount and nsenter: ${said.trim()}`));
    });
  });
}

function isInit({ initPid, pidns }: Pick<Cell, "initPid" | "pidns">): boolean {
  const descriptor = openSync(`/proc/${initPid}/ns/pid`, "r");
  try {
    return String(fstatSync(descriptor).ino) === pidns;
  } finally {
    closeSync(descriptor);
  }
}
