import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtScript } from "./built-script.ts";

/** Programs of the daemon's host; `node` defaults to the one that runs the daemon. */
export interface NetnsTools {
  readonly nsenter: string;
  readonly node?: string;
}

export interface NetnsRun {
  readonly tools: NetnsTools;
  /** A process in the cell's network namespace (its init), and that namespace's inode. The child ends with that process. */
  readonly netnsPid: number;
  readonly netns: string;
  /** Built JavaScript of this package. */
  readonly script: URL;
  readonly stdin: string;
  /** The child is killed then, ms. */
  readonly limitMs: number;
  /** More output than this kills it too. */
  readonly maxOutputChars: number;
  readonly signal?: AbortSignal;
}

export type NetnsOutput = { ok: true; stdout: string } | { ok: false; why: string };

/**
 * Runs a script of ours in a cell's network namespace and in no other namespace of the cell. Needs the right to enter it: root,
 * or root of the user namespace that owns it or of an ancestor. Never rejects.
 *
 * The child must hold neither the namespace nor a port longer than its cell: it is killed with the daemon, by the kernel
 * (for which the daemon's main thread must have started it), and ends itself when the cell's init is gone, which
 * ends by itself when the daemon stands still.
 */
export async function runInNetns(run: NetnsRun): Promise<NetnsOutput> {
  // The open namespace file goes to nsenter, not its path: the pid may be another's by the time it starts.
  const namespace = await open(`/proc/${run.netnsPid}/ns/net`).catch(() => null);
  if (namespace === null) return { ok: false, why: "the cell's network namespace cannot be opened" };
  try {
    const { ino } = await namespace.stat();
    if (String(ino) !== run.netns) return { ok: false, why: "the cell's network namespace is gone" };
    return await runChild(run, namespace.fd);
  } finally {
    await namespace.close();
  }
}

const END_WITH_CELL = builtScript(import.meta.url, "end-with-cell.js").href;

function runChild(run: NetnsRun, namespaceFd: number): Promise<NetnsOutput> {
  const { tools, signal } = run;
  const node = [tools.node ?? process.execPath, "--max-old-space-size=128", "--import", END_WITH_CELL];
  const enter = [tools.nsenter, "--net=/proc/self/fd/3"];
  const command = [...enter, ...node, fileURLToPath(run.script), String(run.netnsPid)];
  return new Promise((resolve) => {
    // Each of these replaces itself by the next one, so the signal is the child's own.
    const child = spawn(besides(tools.nsenter, "setpriv"), ["--pdeathsig", "KILL", "--", ...command], {
      stdio: ["pipe", "pipe", "pipe", namespaceFd],
      // Neither secrets nor NODE_OPTIONS of the daemon.
      env: {},
      cwd: "/",
      killSignal: "SIGKILL",
      timeout: run.limitMs,
      ...(signal === undefined ? {} : { signal }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > run.maxOutputChars) child.kill("SIGKILL");
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(0, 300)));
    // A missing program has no `close` to wait for; an aborted child has, and must be gone before we say so.
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ ok: false, why: `${tools.nsenter}: ${error.message}` });
    });
    child.on("close", (code, by) =>
      resolve(
        code === 0
          ? { ok: true, stdout }
          : { ok: false, why: `prober ended (${code ?? by ?? ""}): ${stderr}` },
      ),
    );
    // EPIPE of a child that never started: the events above tell.
    child.stdin?.on("error", () => undefined).end(run.stdin);
  });
}

/** A tool of the same package (util-linux). */
function besides(tool: string, name: string): string {
  return basename(tool) === tool ? name : join(dirname(tool), name);
}
