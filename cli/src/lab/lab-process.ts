import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const STOP_MS = 15_000;

/** One part of the lab as a process, with its output in a log file. */
export class LabProcess {
  readonly name: string;
  readonly logPath: string;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #inner: boolean;
  #done = false;

  /** @param options.inner the process that must hear of a stop is the child of this one (under `unshare --fork`). */
  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { logDir: string; env: NodeJS.ProcessEnv; inner?: boolean },
  ) {
    this.name = name;
    this.#inner = options.inner ?? false;
    this.logPath = join(options.logDir, `${name}.log`);
    const log = openSync(this.logPath, "a");
    this.#child = spawn(command, args, { stdio: ["ignore", log, log], env: options.env });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code ?? "unknown"}`));
    });
    void this.ended.then(() => {
      this.#done = true;
    });
  }

  /** Asks it to end, then kills it. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#done || this.#child.pid === undefined) return;
    for (const pid of this.#inner ? childrenOf(this.#child.pid) : [this.#child.pid]) signal(pid, "SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter((p) => p !== "")
      .map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone: that is what was asked for.
  }
}
