import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeNatsConfig } from "@redline/daemon";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { BusClient } from "./bus-client.ts";
import { startServer, type RunningServer, type ServerProgram } from "./deploy-nats-server.ts";

export const BENCH_NODES = ["alpha", "beta", "gamma"] as const;
export const BENCH_COORDINATORS = ["coordinator", "coordinator-b"] as const;

/** A real server under the rights of every role, and a real coordinator on it. */
export interface BusBench extends AsyncDisposable {
  readonly dir: string;
  readonly server: RunningServer;
  readonly coordinator: CoordinatorProcess;
  as(name: string, seedOf?: string): Promise<BusClient>;
}

export async function startBusBench({ path, version }: ServerProgram): Promise<BusBench> {
  const dir = await mkdtemp(join(tmpdir(), "redline-bus-rights-"));
  const { config, seeds } = makeNatsConfig({
    ...{ nodes: BENCH_NODES, coordinators: BENCH_COORDINATORS, observers: ["observer"] },
    ...{ storeDir: join(dir, "js"), listen: "127.0.0.1:-1", serverVersion: version },
  });
  await writeFile(join(dir, "nats.conf"), config);
  for (const [role, seed] of Object.entries(seeds))
    await writeFile(join(dir, `${role}.seed`), seed, { mode: 0o600 });
  const server = await startServer(path, join(dir, "nats.conf"), dir);
  const coordinator = await CoordinatorProcess.create({
    REDLINE_NATS_URLS: server.url,
    REDLINE_NATS_NKEY_FILE: join(dir, "coordinator.seed"),
    REDLINE_NODES: BENCH_NODES.join(","),
    REDLINE_LOG_LEVEL: "warn",
  });
  const end = async () => {
    await coordinator[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  };
  try {
    await coordinator.start();
  } catch (error) {
    await end();
    throw error;
  }
  const as = (name: string, seedOf = name) => BusClient.as(server.url, dir, name, seedOf);
  return { dir, server, coordinator, as, [Symbol.asyncDispose]: end };
}
