import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { CoordinatorName, NodeId } from "@redline/shared";
import { ConfigError, pause, type Logger } from "@redline/daemon";
import { findNatsServer, type ServerBinary } from "./embedded-binary.ts";
import { embeddedPaths, writeEmbeddedConfig } from "./embedded-config.ts";

export interface EmbeddedNatsOptions {
  readonly dir: string;
  readonly coordinator: CoordinatorName;
  readonly labFile?: string | undefined;
  /** Seed of the coordinator; one in the state folder when not given. */
  readonly seedFile?: string | undefined;
  /** nats-server to run; found when not given. */
  readonly binary?: string | undefined;
  /** A free port of loopback, kept for the next start, when not given. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  readonly log: Logger;
}

const START_MS = 15_000;
const END_MS = 5000;
const RESTART_MS = 500;
const TRIES = 5;
const READY = "Server is ready";
const IN_USE = /address already in use/i;

/**
 * A nats-server as this coordinator's child, its store in the state folder. It is started again when it dies, on the same port. It
 * ends with the coordinator, also where that is killed: the kernel sends the child a signal when its parent is gone.
 */
export class EmbeddedNats implements AsyncDisposable {
  readonly #options: EmbeddedNatsOptions;
  readonly #binary: ServerBinary;
  readonly #ended = new AbortController();
  #nodes: readonly NodeId[];
  #port = 0;
  #child: ChildProcess | null = null;
  #running: Promise<void> = Promise.resolve();

  /** Resolves when the server takes connections. @throws ConfigError when there is none to start, or it does not come up. */
  static async start(nodes: readonly NodeId[], options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
    const server = new EmbeddedNats(nodes, options, await findNatsServer(options.binary));
    await server.#start();
    return server;
  }

  private constructor(nodes: readonly NodeId[], options: EmbeddedNatsOptions, binary: ServerBinary) {
    this.#nodes = nodes;
    this.#options = options;
    this.#binary = binary;
  }

  get url(): string {
    return `nats://${hostIn(this.#host)}:${this.#port}`;
  }

  /** Seed with which the coordinator itself logs in. */
  get nkeyFile(): string {
    const { dir, coordinator, seedFile } = this.#options;
    return seedFile ?? embeddedPaths(dir).seedOf(coordinator);
  }

  /** Gives exactly these nodes a login from now on; a node that is not among them is cut off at once. */
  async setNodes(nodes: readonly NodeId[]): Promise<void> {
    this.#nodes = nodes;
    await this.#configure();
    this.#child?.kill("SIGHUP");
  }

  get #host(): string {
    return this.#options.listen?.host ?? "127.0.0.1";
  }

  async #start(): Promise<void> {
    const { listen, dir, log } = this.#options;
    const paths = embeddedPaths(dir);
    this.#port = listen?.port ?? (await keptPort(paths.port)) ?? (await freePort());
    for (let tries = 1; ; tries += 1) {
      await this.#configure();
      const { child, said, ready } = this.#launch();
      if (await ready) {
        await writeFile(paths.port, `${this.#port}\n`);
        await writeFile(paths.url, `${this.url}\n`);
        log.info({ url: this.url, version: this.#binary.version }, "nats-server of its own is up");
        this.#running = this.#supervise(child);
        return;
      }
      await end(child);
      const taken = IN_USE.test(said());
      if (!taken || listen !== undefined || tries === TRIES)
        throw new ConfigError(
          taken
            ? `${this.#host}:${this.#port} is in use: name another address with REDLINE_NATS_LISTEN`
            : `nats-server did not come up:\n${said().slice(-2000)}`,
        );
      log.warn({ port: this.#port }, "the port of the last start is in use: nodes need the new one");
      this.#port = await freePort();
    }
  }

  async #configure(): Promise<void> {
    const { dir, coordinator, labFile, seedFile } = this.#options;
    await writeEmbeddedConfig({
      dir,
      coordinator,
      labFile,
      seedFile,
      nodes: this.#nodes,
      listen: `${hostIn(this.#host)}:${this.#port}`,
      serverVersion: this.#binary.version,
    });
  }

  #launch(): { child: ChildProcess; said: () => string; ready: Promise<boolean> } {
    const config = embeddedPaths(this.#options.dir).config;
    const args = ["--pdeathsig", "KILL", "--", this.#binary.path, "-c", config];
    // A process group of its own: Ctrl-C at a terminal ends the coordinator first, which ends it.
    const child = spawn("setpriv", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    this.#child = child;
    let said = "";
    const ready = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), START_MS);
      const settle = (up: boolean) => {
        clearTimeout(timer);
        resolve(up);
      };
      child.stderr.on("data", (chunk: Buffer) => {
        said = `${said}${chunk.toString()}`.slice(-8000);
        if (said.includes(READY)) settle(true);
      });
      child.once("exit", () => settle(false));
      child.once("error", (error) => {
        said = `${said}\n${error.message}: setpriv of util-linux is needed`;
        settle(false);
      });
    });
    return { child, said: () => said, ready };
  }

  /** Ends when this is disposed of. */
  async #supervise(first: ChildProcess): Promise<void> {
    const { log } = this.#options;
    let child = first;
    while (!isOver(this.#ended.signal)) {
      if (!hasEnded(child)) await Promise.race([once(child, "exit"), aborted(this.#ended.signal)]);
      if (isOver(this.#ended.signal)) return;
      log.error({ code: child.exitCode, signal: child.signalCode }, "nats-server ended; starting it again");
      await pause(RESTART_MS, this.#ended.signal);
      if (isOver(this.#ended.signal)) return;
      let next;
      try {
        next = this.#launch();
      } catch (error) {
        // Out of memory or file descriptors: there is not even a child that could say so.
        log.error({ err: error }, "nats-server could not be started; trying again");
        continue;
      }
      child = next.child;
      if (await next.ready) log.info("nats-server is up again");
      else {
        log.error({ said: next.said().slice(-1000) }, "nats-server did not come up; trying again");
        await end(child);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    if (this.#child !== null) await end(this.#child);
    await this.#running;
    if (this.#child !== null) await end(this.#child);
  }
}

const hostIn = (host: string) => (host.includes(":") ? `[${host}]` : host);
/** The signal may have aborted while something else was waited for. */
const isOver = (signal: AbortSignal) => signal.aborted;
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** One that could not be started never says that it ended: it has no process id. */
const hasEnded = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([gone, pause(END_MS)]);
  if (hasEnded(child)) return;
  child.kill("SIGKILL");
  await gone;
}

async function keptPort(path: string): Promise<number | null> {
  const port = Number(await readFile(path, "utf8").catch(() => ""));
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
