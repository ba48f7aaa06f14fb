import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findOnPath } from "./find-program.mjs";
import { makeToolsFolder, tools } from "./places.mjs";
import { fetchAndUnpack } from "./private-apt.mjs";
import { withSetupLock } from "./setup-lock.mjs";

/** For the benchmark of dispatch alone, which compares with a queue on Redis. Not part of the set-up. */
const unpacked = join(tools, "redis");
const program = join(unpacked, "usr/bin/redis-server");

/** @returns {Promise<{ path: string, libraries: string } | { why: string }>} `libraries`: for LD_LIBRARY_PATH, "" where the machine has them */
export async function provideRedisServer() {
  const found = findOnPath("redis-server");
  if (found !== undefined) return { path: found, libraries: "" };
  if (!existsSync(program)) {
    makeToolsFolder();
    const why = await withSetupLock(
      () => undefined,
      () => fetchAndUnpack({ packages: ["redis-server", "redis-tools"], into: unpacked }),
    );
    if (why !== undefined)
      return { why: `no redis-server on PATH, and none could be unpacked: ${why.trim()}` };
  }
  return { path: program, libraries: join(unpacked, "usr/lib/x86_64-linux-gnu") };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(await provideRedisServer())}\n`);
