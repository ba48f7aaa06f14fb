import { spawn, type ChildProcess } from "node:child_process";
import { CellError } from "../cell/cell-error.ts";
import type { CellDeath, EmptiedFor } from "../cell/cell.ts";
import { BoundedTail } from "../ssh/bounded-output.ts";
import { InitLine } from "./init-line.ts";

const LOG_BYTES = 65_536;

/**
 * The engine's client of one container, attached to PID 1's pipes. It is not PID 1's parent: when it ends, the container's stdin
 * ends, and init with it. With podman the beats pass through conmon, with docker through its daemon as well.
 */
export class ContainerProcess {
  /** See `InitLine`; all reject with CellError when the container ends first. */
  readonly here: Promise<void>;
  readonly ready: Promise<void>;
  /** Never rejects. */
  readonly died: Promise<CellDeath>;
  readonly #child: ChildProcess;
  readonly #line: InitLine;
  readonly #log = new BoundedTail(LOG_BYTES);

  constructor([command, args]: readonly [string, readonly string[]]) {
    const child = spawn(command, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    this.#line = new InitLine(child.stdin, child.stdout);
    child.stderr.on("data", (chunk: Buffer) => this.#log.push(chunk));
    this.died = new Promise((resolve) => {
      const over = (how: string) => {
        this.#line.over();
        resolve({ reason: this.#line.reason ?? how });
      };
      child.once("error", (error) => over(`not started: ${error.message}`));
      child.once("close", () => over("killed"));
    });
    const failed = this.died.then(({ reason }) => {
      throw new CellError("start", `${reason}; ${this.#log.text.trim().slice(-600)}`);
    });
    this.here = Promise.race([this.#line.here, failed]);
    this.ready = Promise.race([this.#line.ready, failed]);
    // All are awaited by the driver, but not always.
    for (const promise of [this.here, this.ready, failed]) promise.catch(() => undefined);
  }

  log(): string {
    return this.#log.text;
  }

  open(): void {
    this.#line.open();
  }

  release(reason?: EmptiedFor): void {
    this.#line.release(reason);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
