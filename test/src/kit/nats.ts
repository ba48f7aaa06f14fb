import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { PATIENCE_MS } from "./until.ts";

const manifestPath = fileURLToPath(new URL("../../../.cache/tools/manifest.json", import.meta.url));
const manifestSchema = z.object({ bins: z.record(z.string(), z.object({ path: z.string() })) });
const portsSchema = z.object({ nats: z.array(z.string()).min(1) });

/** The set-up script's nats-server, else the one on PATH; `REDLINE_TEST_NATS_SERVER` goes before both. */
export async function natsServerPath(): Promise<string> {
  const chosen = process.env["REDLINE_TEST_NATS_SERVER"];
  if (chosen !== undefined) return chosen;
  if (!existsSync(manifestPath)) return "nats-server";
  const manifest = manifestSchema.parse(JSON.parse(await readFile(manifestPath, "utf8")));
  return manifest.bins["nats-server"]?.path ?? "nats-server";
}

/** A real nats-server with JetStream on a port which the kernel chose. Its folder goes away with it. */
export interface TestNats extends AsyncDisposable {
  readonly url: string;
  /** What it wrote to stderr since it was last started. */
  said(): string;
  /** Ends the server at once, as a crash would; the store stays. */
  kill(): Promise<void>;
  /** Ends it and deletes its store: a bus that forgot everything. */
  wipe(): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
}

/** @param config more lines for the server's configuration */
export async function startNats(config = ""): Promise<TestNats> {
  const dir = await mkdtemp(join(tmpdir(), "redline-nats-"));
  const program = await natsServerPath();
  await writeFile(join(dir, "nats.conf"), `${config}\n`);
  let running = await launch(program, dir, -1);
  const { url } = running;
  const port = Number(new URL(url).port);
  return {
    url,
    said: () => running.said(),
    kill: () => end(running.child, "SIGKILL"),
    async wipe() {
      await end(running.child, "SIGKILL");
      await rm(join(dir, "store"), { recursive: true, force: true });
    },
    async start() {
      running = await launch(program, dir, port);
    },
    async [Symbol.asyncDispose]() {
      await end(running.child, "SIGTERM");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(
  program: string,
  dir: string,
  port: number,
): Promise<{ child: ChildProcess; url: string; said: () => string }> {
  const ports = join(dir, "ports");
  await rm(ports, { recursive: true, force: true });
  await mkdir(ports);
  const child = spawn(
    program,
    // prettier-ignore
    ["-c", join(dir, "nats.conf"), "-a", "127.0.0.1", "-p", String(port), "-js", "-sd", join(dir, "store"), "--ports_file_dir", ports],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const file = join(ports, `nats-server_${child.pid ?? 0}.ports`);
  const deadline = performance.now() + PATIENCE_MS;
  // Ends when the server has written its ports, has ended, or when patience is over.
  for (;;) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await end(child, "SIGKILL");
      throw new Error(`nats-server did not start:\n${said}`);
    }
    const url = await portOf(file);
    if (url !== null) return { child, url, said: () => said };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Null until the file is whole. */
async function portOf(file: string): Promise<string | null> {
  try {
    const url = portsSchema.parse(JSON.parse(await readFile(file, "utf8"))).nats[0];
    return url ?? null;
  } catch {
    return null;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}
