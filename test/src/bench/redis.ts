import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { until } from "../kit/until.ts";

const provider = fileURLToPath(new URL("../../../scripts/setup/redis-server.mjs", import.meta.url));
const foundSchema = z.union([
  z.object({ path: z.string(), libraries: z.string() }),
  z.object({ why: z.string() }),
]);
export type FoundRedis = z.infer<typeof foundSchema>;

/** From PATH, else unpacked from the distribution; why not, where neither can be had. */
export async function findRedis(): Promise<FoundRedis> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [provider], { timeout: 180_000 });
    return foundSchema.parse(JSON.parse(stdout));
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

export interface BenchRedis extends AsyncDisposable {
  readonly port: number;
}

/** A redis-server on loopback with its append-only file on disk. @param fsync of that file. */
export async function startRedis(
  { path, libraries }: Extract<FoundRedis, { path: string }>,
  fsync: "everysec" | "always",
): Promise<BenchRedis> {
  const dir = await mkdtemp(join(tmpdir(), "redline-redis-"));
  const port = await freePort();
  const child = spawn(
    path,
    [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", fsync, "--maxmemory-policy", "noeviction"],
    ],
    { stdio: "ignore", env: { ...process.env, ...(libraries === "" ? {} : { LD_LIBRARY_PATH: libraries }) } },
  );
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await until("redis-server up", () => answers(port));
  } catch (error) {
    await end();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: end };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
