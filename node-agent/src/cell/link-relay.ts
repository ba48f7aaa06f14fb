import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { CellError } from "./cell-error.ts";
import { relayMessageSchema, type RelayMessage } from "./relay-messages.ts";
import type { RelayStats, TcpRelayOptions } from "./tcp-relay.ts";

export interface StartRelayOptions extends TcpRelayOptions {
  /** Closes the relay when it aborts. */
  readonly signal?: AbortSignal;
}

/** The only road between two cells of a trial: one port, one destination, in a process of its own. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the relay's process is over, whoever ended it. */
  readonly ended: Promise<void>;
  /** Counts now; after the end, the last that are known. */
  stats(): Promise<RelayStats>;
  /** Cuts every connection and ends the process. Idempotent. Resolves when the port is free. */
  close(): Promise<void>;
}

const START_LIMIT_MS = 10_000;
const ANSWER_LIMIT_MS = 2_000;
const NOTHING: RelayStats = { accepted: 0, refused: 0, failed: 0, open: 0, bytesOut: 0, bytesBack: 0 };

/**
 * Starts a relay. Bulk copies run through it, so it is a child process: the daemon's event loop, which beats for the
 * cells, never carries them. It ends with the daemon (end of file on its stdin).
 * @throws CellError when it cannot listen.
 */
export async function startRelay({ signal, ...options }: StartRelayOptions): Promise<Relay> {
  if (signal?.aborted === true) throw new CellError("aborted", "relay");
  const child = spawn(process.execPath, [entryPath(), JSON.stringify(options)], {
    env: {},
    stdio: ["pipe", "pipe", "ignore"],
  });
  const relay = new RelayProcess(child);
  const abort = () => void relay.close();
  signal?.addEventListener("abort", abort, { once: true });
  void relay.ended.then(() => signal?.removeEventListener("abort", abort));
  try {
    await relay.start();
    return relay;
  } catch (error) {
    await relay.close();
    throw error;
  }
}

class RelayProcess implements Relay {
  port = 0;
  readonly ended: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: ((message: RelayMessage | undefined) => void)[] = [];
  #last = NOTHING;
  #closing: Promise<void> | undefined;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    child.stdin.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      child.once("error", () => resolve());
      child.once("close", () => resolve());
    });
    void this.ended.then(() => this.#answers.splice(0).forEach((answer) => answer(undefined)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = relayMessageSchema.parse(JSON.parse(line));
      if ("accepted" in message) this.#last = message;
      this.#answers.shift()?.(message);
    });
  }

  async start(): Promise<void> {
    const message = await this.#answer(START_LIMIT_MS);
    if (message === undefined) throw new CellError("start", "the relay's process gave no answer");
    if ("error" in message) throw new CellError("start", `relay: ${message.error}`);
    if ("port" in message) this.port = message.port;
  }

  async stats(): Promise<RelayStats> {
    await this.#ask("stats");
    return this.#last;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#ask("close");
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #ask(what: string): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const answered = this.#answer(ANSWER_LIMIT_MS);
    this.#child.stdin.write(`${what}\n`);
    await answered;
  }

  /** The next message, or undefined when the process ends or the time is over. */
  #answer(limitMs: number): Promise<RelayMessage | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), limitMs);
      this.#answers.push((message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }
}

/** Node 20 runs no TypeScript: from `src` (vitest) the built entry is used. */
function entryPath(): string {
  const built = import.meta.url.endsWith(".ts") ? "../../dist/cell/" : "./";
  return fileURLToPath(new URL(`${built}link-relay-process.js`, import.meta.url));
}
