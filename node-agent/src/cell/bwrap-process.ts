import { spawn, type ChildProcess } from "node:child_process";
import type { FileHandle } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { z } from "zod";
import { BoundedTail } from "../ssh/bounded-output.ts";
import { DESCRIPTORS } from "./bwrap-arguments.ts";
import { CellError } from "./cell-error.ts";
import { TOOL_ENVIRONMENT, type CellTools } from "./cell-tools.ts";
import type { CellDeath, EmptiedFor } from "./cell.ts";

export interface StartInput {
  readonly tools: CellTools;
  /** Path of the network namespace to start in; there when it is let go. */
  readonly netnsPath: string;
  /** Uid and gid to start bubblewrap as; undefined: the daemon's own. */
  readonly dropTo: number | undefined;
  /** Control groups' files in which the process writes "0" before it becomes bubblewrap. */
  readonly joins: readonly string[];
  readonly args: readonly string[];
}

/**
 * Joins the groups up to "--", waits for the line "SECCOMP PLANT" with two of the daemon's descriptors, and becomes the rest. A
 * cell's processes are the first that the kernel ends when the machine's memory runs out, in place of the daemon; they
 * cannot change that, for their /proc is read-only.
 */
const JOIN_SCRIPT = [
  "echo 500 2>/dev/null >/proc/self/oom_score_adj",
  'while [[ $1 != -- ]]; do echo 0 >"$1" || exit 1; shift; done; shift',
  "IFS=' ' read -r seccomp plant || exit 1",
  `exec ${DESCRIPTORS.seccomp}<"/proc/$PPID/fd/$seccomp" || exit 1`,
  `if [[ -n $plant ]]; then exec ${DESCRIPTORS.plant}<"/proc/$PPID/fd/$plant" || exit 1; fi`,
  'exec "$@"',
].join("\n");

const BEAT_MS = 1_000;
const LOG_BYTES = 65_536;
const childSchema = z.object({ "child-pid": z.int().min(2) });

/**
 * The bubblewrap process of one cell (outside the cell's PID namespace; it dies with the daemon and takes the cell along)
 * and the pipes to init. Beats from the start on: init's stdin is a socket pair, which nothing in the cell can open
 * through /proc, unlike a FIFO.
 * To be made on the main thread only: the kernel counts the end of the thread that started bubblewrap as its parent's death.
 */
export class BwrapProcess {
  /** Resolves with init's host pid; rejects with CellError when bubblewrap ends first. */
  readonly initPid: Promise<number>;
  /** Resolves when sshd listens; rejects with CellError when the cell ends first. */
  readonly ready: Promise<void>;
  readonly died: Promise<CellDeath>;
  readonly #child: ChildProcess;
  readonly #log = new BoundedTail(LOG_BYTES);
  #beats: NodeJS.Timeout | undefined;
  readonly #stdin: Writable;
  #reason: string | undefined;

  /** Joining takes the kernel some 10 ms: it is done while what the cell needs is still being made. */
  constructor({ tools, netnsPath, dropTo, joins, args }: StartInput) {
    const drop = dropTo === undefined ? [] : [`--setuid=${dropTo}`, `--setgid=${dropTo}`];
    // bash and nsenter replace themselves, so the child is bubblewrap and its parent is the daemon.
    const start = [tools.nsenter, `--net=${netnsPath}`, ...drop, "--", tools.bwrap, ...args];
    const child = spawn(tools.bash, ["-c", JOIN_SCRIPT, "join", ...joins, "--", ...start], {
      env: TOOL_ENVIRONMENT,
      cwd: "/",
      stdio: ["pipe", "pipe", "pipe", "pipe", "ignore", "ignore"],
    });
    this.#child = child;
    const { stdin, stdout, stderr } = child;
    const info = child.stdio[DESCRIPTORS.info];
    if (stdin === null || stdout === null || stderr === null || !(info instanceof Readable)) {
      throw new CellError("start", "no pipes");
    }
    this.#stdin = stdin;
    this.#stdin.on("error", () => undefined);
    stderr.on("data", (chunk: Buffer) => this.#log.push(chunk));

    this.died = new Promise((resolve) => {
      const over = (how: string) => {
        clearInterval(this.#beats);
        resolve({ reason: this.#reason ?? how });
      };
      child.once("error", (error) => over(`not started: ${error.message}`));
      // `close` and not `exit`: what init said last is read by then.
      child.once("close", () => over("killed"));
    });
    const failed = this.died.then(({ reason }) => {
      throw new CellError("start", `${reason}; ${this.#log.text.trim().slice(-600)}`);
    });
    this.initPid = Promise.race([readInfo(info), failed]);
    this.ready = Promise.race([this.#readStdout(stdout), failed]);
    // Both are always awaited by the driver, but not always both.
    this.initPid.catch(() => undefined);
    this.ready.catch(() => undefined);
    failed.catch(() => undefined);
  }

  /** Once all that the command line names is there; the cell comes up, and is beaten for. */
  go(seccomp: FileHandle, plant: FileHandle | undefined): void {
    this.#stdin.write(`${seccomp.fd} ${plant?.fd ?? ""}\n`);
    this.#beats = setInterval(() => this.#beat(), BEAT_MS);
  }

  log(): string {
    return this.#log.text;
  }

  /** No more beats, and end of file on init's stdin: init ends itself. The first reason stands. */
  release(reason: EmptiedFor | "destroyed" = "destroyed"): void {
    clearInterval(this.#beats);
    this.#reason ??= reason;
    this.#stdin.destroy();
  }

  /** For a bubblewrap that outlives its cell, or never made one. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #beat(): void {
    // A beat that the kernel did not take yet is one already: never pile them up.
    if (!this.#stdin.destroyed && this.#stdin.writableLength === 0) this.#stdin.write("\n");
  }

  /** Lines of init: "ready", then at most one "end REASON". Only init can write here. */
  #readStdout(stdout: Readable): Promise<void> {
    return new Promise((resolve) => {
      let text = "";
      stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(-200);
        if (text.includes("ready\n")) resolve();
        const reason = /^end ([a-z]{1,20})$/m.exec(text)?.[1];
        if (reason !== undefined) this.#reason ??= reason;
      });
    });
  }
}

/** bubblewrap's JSON about the child that it made. */
function readInfo(stream: Readable): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("error", () => undefined);
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (!text.includes("}")) return;
      const parsed = childSchema.safeParse(JSON.parse(text));
      if (parsed.success) resolve(parsed.data["child-pid"]);
    });
  });
}
