import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const LAUNCHERS = fileURLToPath(new URL("../../../deploy/model-servers/", import.meta.url));

/**
 * A stand-in for vllm, llama-server and ollama: writes what it was given, refuses words that are missing, opens its port, is not
 * ready for its first answers, and does on SIGTERM what FAKE_ON_TERM says (a code to exit with, or `ignore`).
 */
const FAKE = `#!${process.execPath}
const { appendFileSync } = require("node:fs");
const argv = process.argv.slice(2);
const as = require("node:path").basename(process.argv[1]);
const note = (data) => appendFileSync(process.env.FAKE_LOG, JSON.stringify(data) + "\\n");
note({ pid: process.pid, argv, env: Object.fromEntries(Object.entries(process.env).filter(([n]) => /^(HF_|TRANSFORMERS|VLLM|OLLAMA|LLAMA|DO_NOT)/.test(n))) });
const missing = (process.env.FAKE_NEEDS || "").split(",").filter((word) => word !== "" && !argv.includes(word));
if (missing.length > 0) { process.stderr.write("fake: missing " + missing + "\\n"); process.exit(9); }
process.on("SIGTERM", () => {
  note({ signal: "SIGTERM" });
  if (process.env.FAKE_ON_TERM !== "ignore") process.exit(Number(process.env.FAKE_ON_TERM || 0));
});
const after = (word) => argv[argv.indexOf(word) + 1];
const port = as === "ollama" ? Number(process.env.OLLAMA_HOST.split(":")[1]) : Number(after("--port"));
const model = as === "ollama" ? "" : after(as === "vllm" ? "--served-model-name" : "--alias");
let left = Number(process.env.FAKE_NOT_READY || 2);
require("node:http").createServer((request, response) => {
  const answer = (status, body) => { response.writeHead(status); response.end(JSON.stringify(body)); };
  if (left-- > 0) return answer(503, {});
  if (request.url === "/v1/models") return answer(200, { data: [{ id: process.env.FAKE_MODEL || model }] });
  let text = "";
  request.on("data", (chunk) => { text += chunk; });
  request.on("end", () => { if (text !== "") note({ asked: request.url, body: JSON.parse(text) }); answer(200, {}); });
}).listen(port, "127.0.0.1");
`;

const linesSchema = z.array(z.record(z.string(), z.unknown()));

/** A folder with programs that stand first on PATH, and nothing else on it. */
export class FakePath implements AsyncDisposable {
  readonly dir: string;
  private constructor(dir: string) {
    this.dir = dir;
  }
  static async make(programs: readonly string[]): Promise<FakePath> {
    const dir = await mkdtemp(join(tmpdir(), "redline-launch-"));
    await mkdir(join(dir, "bin"));
    const fake = new FakePath(dir);
    for (const program of programs) await fake.program(program, FAKE);
    return fake;
  }
  async program(name: string, text: string): Promise<void> {
    await writeFile(join(this.dir, "bin", name), text);
    await chmod(join(this.dir, "bin", name), 0o755);
  }
  /** Writes a file below the folder, and gives its path. */
  async file(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.dir, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, content);
    return path;
  }
  /** What the stand-ins noted. */
  async notes(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.dir, "log"), "utf8").catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "");
    return linesSchema.parse(lines.map((line): unknown => JSON.parse(line)));
  }
  /** Starts a launcher with only this folder on PATH. */
  launch(launcher: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
    return new Launched(join(LAUNCHERS, launcher), args, {
      PATH: join(this.dir, "bin"),
      HOME: this.dir,
      FAKE_LOG: join(this.dir, "log"),
      ...env,
    });
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}

export class Launched implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child;
  /** Exit code of the launcher. */
  readonly code: Promise<number | null>;

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [file, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.code = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
  }
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    // Twice: the second one kills what does not end.
    this.kill("SIGTERM");
    this.kill("SIGTERM");
    await this.code;
  }
}

/** A port that was free a moment ago; the launchers take no port 0, since their servers do not say which they got. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
