import { EventEmitter } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { EmptiedFor } from "../cell/cell.ts";
import { GATE_OPEN } from "./gate.ts";

const BEAT_MS = 1_000;
/** init says short lines; more is not kept. */
const KEPT = 200;

/** The daemon's end of the two pipes to a container's PID 1: beats in; `here`, `ready` and at most one `end REASON` out. */
export class InitLine {
  /** PID 1 runs and waits at the gate. */
  readonly here: Promise<void>;
  /** sshd listens. */
  readonly ready: Promise<void>;
  readonly #stdin: Writable;
  readonly #beats: NodeJS.Timeout;
  #reason: string | undefined;

  constructor(stdin: Writable, stdout: Readable) {
    this.#stdin = stdin;
    stdin.on("error", () => undefined);
    this.#beats = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
    const words = new EventEmitter();
    const heard = (word: string) => new Promise<void>((resolve) => words.once(word, resolve));
    this.here = heard("here");
    this.ready = heard("ready");
    let text = "";
    stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-KEPT);
      for (const word of ["here", "ready"]) if (`\n${text}`.includes(`\n${word}\n`)) words.emit(word);
      const reason = /^end ([a-z]{1,20})$/m.exec(text)?.[1];
      if (reason !== undefined) this.#reason ??= reason;
    });
  }

  /** Why init ended, as it said itself, or as `release` was told before that. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Lets init begin. */
  open(): void {
    this.#stdin.write(GATE_OPEN);
  }

  /** No more beats, and end of file on init's stdin: init ends itself. */
  release(reason: EmptiedFor | "destroyed" = "destroyed"): void {
    this.#reason ??= reason;
    this.over();
    this.#stdin.destroy();
  }

  /** The other end is gone. */
  over(): void {
    clearInterval(this.#beats);
  }

  #beat(): void {
    // A beat that the kernel did not take yet is one already: never pile them up.
    if (!this.#stdin.destroyed && this.#stdin.writableLength === 0) this.#stdin.write("\n");
  }
}
