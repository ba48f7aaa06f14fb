import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtScript } from "./built-script.ts";

/** Programs of the daemon's host; `node` defaults to the one that runs the daemon. */
export interface NetnsTools {
  readonly nsenter: string;
  readonly node?: string;
}

/** A cell's network namespace, by a process in it (its init) and by the namespace's inode. */
export interface CellNetwork {
  readonly netnsPid: number;
  readonly netns: string;
}

const END_WITH_CELL = builtScript(import.meta.url, "end-with-cell.js").href;

/**
 * Starts a script of ours in a cell's network namespace and in no other namespace of the cell. Needs the right to enter it: root,
 * or root of the user namespace that owns it or of an ancestor. With all of stdio as pipes.
 *
 * The child must hold neither the namespace nor a port longer than its cell: it is killed with the daemon, by the kernel
 * (for which the daemon's main thread must have started it), and ends itself when the cell's init is gone, which
 * ends by itself when the daemon stands still.
 * @param script built JavaScript of this package.
 * @returns why it cannot be started, where it cannot.
 */
export function startInNetns(
  tools: NetnsTools,
  { netnsPid, netns }: CellNetwork,
  script: URL,
): ChildProcess | { readonly why: string } {
  let namespace: number;
  try {
    // The open namespace file goes to nsenter, not its path: the pid may be another's by the time it starts.
    namespace = openSync(`/proc/${netnsPid}/ns/net`, "r");
  } catch {
    return { why: "the cell's network namespace cannot be opened" };
  }
  try {
    if (String(fstatSync(namespace).ino) !== netns) return { why: "the cell's network namespace is gone" };
    const node = [tools.node ?? process.execPath, "--max-old-space-size=128", "--import", END_WITH_CELL];
    const enter = [tools.nsenter, "--net=/proc/self/fd/3"];
    const command = [...enter, ...node, fileURLToPath(script), String(netnsPid)];
    // Each of these replaces itself by the next one, so the signal is the child's own.
    return spawn(besides(tools.nsenter, "setpriv"), ["--pdeathsig", "KILL", "--", ...command], {
      stdio: ["pipe", "pipe", "pipe", namespace],
      // Neither secrets nor NODE_OPTIONS of the daemon.
      env: {},
      cwd: "/",
    });
  } finally {
    closeSync(namespace);
  }
}

/** A tool of the same package (util-linux). */
function besides(tool: string, name: string): string {
  return basename(tool) === tool ? name : join(dirname(tool), name);
}
