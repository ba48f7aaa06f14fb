import { fork, type ChildProcess } from "node:child_process";
import { BrainError } from "../brain-error.ts";
import { builtScript } from "../../observe/probe/built-script.ts";
import {
  fromChild,
  type ChildOptions,
  type ChildQuestion,
  type FromChild,
  type ToChild,
} from "./protocol.ts";

type Answered = Extract<FromChild, { kind: "answer" }>;

interface Waiting {
  readonly settle: (answer: Answered) => void;
  readonly fail: (error: BrainError) => void;
}

/** The process that holds the model. It ends by `end`, with the daemon, or when its weights cannot be loaded. */
export class ModelChild {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #gone: Promise<void>;
  #next = 1;
  /** Why it is gone; undefined while it lives. */
  ended: string | undefined;

  constructor({ file, contextTokens, script }: ChildOptions & { readonly script?: URL }) {
    const options: ChildOptions = { file, contextTokens };
    this.#child = fork(script ?? builtScript(import.meta.url, "child.js"), [JSON.stringify(options)], {
      cwd: "/",
      // Neither secrets nor NODE_OPTIONS of the daemon.
      env: {},
      execArgv: [],
      // What the engine prints is nobody's.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#gone = new Promise((resolve) => {
      this.#child.once("exit", (code, by) => {
        this.#lose(`the model's process ended (${by ?? code ?? ""})`);
        resolve();
      });
      this.#child.once("error", (error) => {
        this.#lose(`the model's process failed: ${error.message}`);
        if (this.#child.pid === undefined) resolve();
      });
    });
    this.#child.on("message", (message) => this.#hear(message));
  }

  /** @throws BrainError */
  async ask(question: Omit<ChildQuestion, "id">, timeoutMs: number, signal: AbortSignal): Promise<Answered> {
    const id = this.#next++;
    const stop = (error: BrainError) => {
      this.#send({ kind: "stop", id });
      this.#waiting.get(id)?.fail(error);
    };
    const onAbort = () => stop(new BrainError("aborted", "the request was stopped"));
    const timer = setTimeout(
      () => stop(new BrainError("timeout", `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise((settle, fail) => {
        this.#waiting.set(id, { settle, fail });
        if (this.ended !== undefined) fail(new BrainError("unavailable", this.ended));
        else this.#send({ kind: "ask", id, ...question });
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(id);
    }
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  #send(message: ToChild): void {
    // A channel that closed in the meantime: `exit` tells.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #hear(message: unknown): void {
    const { data } = fromChild.safeParse(message);
    if (data === undefined) return;
    if (data.kind === "unusable") this.#lose(`the weights cannot be used: ${data.message}`);
    else if (data.kind === "answer") this.#waiting.get(data.id)?.settle(data);
    else this.#waiting.get(data.id)?.fail(new BrainError(data.code, data.message));
  }

  #lose(why: string): void {
    this.ended ??= why;
    for (const { fail } of this.#waiting.values())
      fail(new BrainError("unavailable", this.ended, { byServer: true }));
  }
}
