import { spawn, type ChildProcess } from "node:child_process";
import { createPublicKey, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request, type OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { coordinatorRecordSchema, Projection, verifyChain, type CoordinatorRecord } from "@redline/shared";
import { until } from "./until.ts";

const entry = fileURLToPath(new URL("../../../coordinator/dist/main.js", import.meta.url));

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** The built coordinator as a process with a state folder of its own. */
export class CoordinatorProcess implements AsyncDisposable {
  readonly dir: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | null = null;
  #said = "";

  static async create(settings: Readonly<Record<string, string>>): Promise<CoordinatorProcess> {
    const dir = await mkdtemp(join(tmpdir(), "redline-coord-"));
    return new CoordinatorProcess(dir, settings);
  }

  private constructor(dir: string, settings: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.#env = {
      PATH: process.env["PATH"] ?? "",
      REDLINE_STATE_DIR: dir,
      REDLINE_HTTP_SOCKET: join(dir, "http.sock"),
      ...settings,
    };
  }

  /** Starts the process and waits until it is ready. */
  async start(): Promise<void> {
    this.launch();
    await until(`coordinator ready\n${this.said}`, async () => (await this.get("/readyz")).status === 200);
  }

  launch(settings: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, [entry], {
      env: { ...this.#env, ...settings },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
    this.#child = child;
    return child;
  }

  /** What it wrote to stderr so far. */
  get said(): string {
    return this.#said;
  }

  /** @returns the exit code, null when the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  /** How the last process ended; null while it runs. */
  exited(): { readonly code: number | null } | null {
    const child = this.#child;
    if (child === null || (child.exitCode === null && child.signalCode === null)) return null;
    return { code: child.exitCode };
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async publicKey(): Promise<KeyObject> {
    return createPublicKey(await readFile(join(this.dir, "coordinator.pub"), "utf8"));
  }

  get(path: string, headers?: OutgoingHttpHeaders): Promise<HttpAnswer> {
    return this.#call("GET", path, headers);
  }

  post(path: string, body: unknown, headers?: OutgoingHttpHeaders): Promise<HttpAnswer> {
    return this.#call("POST", path, headers, JSON.stringify(body));
  }

  #call(method: string, path: string, more: OutgoingHttpHeaders = {}, body?: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", ...more };
      const call = request({ socketPath: join(this.dir, "http.sock"), path, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      });
      call.on("error", reject);
      call.end(body);
    });
  }

  /** The journal's lines, with their chain verified. A line being written is left out. */
  async journal(): Promise<{ lines: string[]; records: CoordinatorRecord[]; state: Projection }> {
    const text = await readFile(join(this.dir, "journal.jsonl"), "utf8");
    const lines = text.split("\n").slice(0, -1);
    const check = verifyChain(lines);
    if (!check.ok) throw new Error(`journal line ${check.line}: ${check.why}`);
    const records = lines.map((line) => coordinatorRecordSchema.parse(JSON.parse(line)));
    const state = new Projection();
    for (const record of records) state.apply(record);
    return { lines, records, state };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    await rm(this.dir, { recursive: true, force: true });
  }
}
