import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));

export interface ServerProgram {
  readonly path: string;
  readonly version: string;
}

const manifestSchema = z.object({ bins: z.record(z.string(), z.object({ path: z.string() })) });

/** Every nats-server at hand, each version once: the set-up script's, the named one, those of the system. */
export function serverPrograms(): ServerProgram[] {
  const manifest = join(repository, ".cache/tools/manifest.json");
  const chosen = existsSync(manifest)
    ? manifestSchema.parse(JSON.parse(readFileSync(manifest, "utf8"))).bins["nats-server"]?.path
    : undefined;
  const paths = [process.env["NATS_SERVER_BIN"], chosen, "nats-server", "/usr/sbin/nats-server"];
  const found = new Map<string, ServerProgram>();
  for (const path of paths) {
    if (path === undefined) continue;
    const { stdout, error } = spawnSync(path, ["--version"], { encoding: "utf8" });
    const version = error === undefined ? /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
    if (version !== undefined && !found.has(version)) found.set(version, { path, version });
  }
  return [...found.values()];
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  /** Makes the server read its configuration again; resolves when it says that it has. */
  reload(): Promise<void>;
}

const portsSchema = z.object({ nats: z.array(z.string()).min(1) });

/** Starts a real server on a port that the kernel chooses; `dir` gets its ports file. @throws with the server's own words. */
export async function startServer(path: string, configFile: string, dir: string): Promise<RunningServer> {
  const child = spawn(path, ["-c", configFile, "--ports_file_dir", dir], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${path} did not start`);
  const deadline = performance.now() + 120_000;
  for (;;) {
    const file = (await readdir(dir)).find((name) => name.endsWith(`_${pid}.ports`));
    const text = file === undefined ? "" : await readFile(join(dir, file), "utf8");
    if (text.trimEnd().endsWith("}")) {
      const url = portsSchema.parse(JSON.parse(text)).nats[0] ?? "";
      return {
        url: url.replace(/^tls:/, "nats:"),
        async reload() {
          const before = said.length;
          child.kill("SIGHUP");
          const until = performance.now() + 120_000;
          while (!said.slice(before).includes("Reloaded server configuration")) {
            if (performance.now() > until)
              throw new Error(`nats-server did not reload: ${said.slice(before)}`);
            await delay(20);
          }
        },
        async [Symbol.asyncDispose]() {
          child.kill("SIGKILL");
          await ended;
        },
      };
    }
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`nats-server did not come up: ${said}`);
    }
    await delay(20);
  }
}
