import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { ConfigError } from "@redline/daemon";

const manifestSchema = z.object({ bins: z.record(z.string(), z.object({ path: z.string() })) });
const manifestPath = fileURLToPath(new URL("../../.cache/tools/manifest.json", import.meta.url));

/** A program that can be started, and its version where it says one. */
export interface ServerBinary {
  readonly path: string;
  readonly version: string | undefined;
}

/** The nats-server of a setting, else the set-up script's, else the one on PATH. @throws ConfigError when there is none that runs. */
export async function findNatsServer(given: string | undefined): Promise<ServerBinary> {
  const path = given ?? (await ofManifest()) ?? "nats-server";
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 });
    return { path, version: /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] };
  } catch (error) {
    const remedy =
      "run `npm run setup`, or name one with REDLINE_NATS_SERVER_BIN, or a running server with REDLINE_NATS_URLS";
    throw new ConfigError(`${path} cannot be run: there is no nats-server of its own to start; ${remedy}`, {
      cause: error,
    });
  }
}

async function ofManifest(): Promise<string | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(manifestPath, "utf8"))).bins["nats-server"]?.path;
  } catch {
    return undefined;
  }
}
