import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsServerPath } from "./nats.ts";
import { until } from "./until.ts";

/** Real nats-servers in a cluster on loopback. */
export interface TestCluster extends AsyncDisposable {
  /** Of all servers, comma separated. */
  readonly url: string;
  kill(server: number): Promise<void>;
  /** Starts one again on the same ports and store. */
  start(server: number): void;
  /** Waits until the cluster answers for JetStream. */
  ready(): Promise<void>;
}

export async function startCluster(size: 3 | 5 = 3): Promise<TestCluster> {
  const servers = Array.from({ length: size }, (_, server) => server);
  const dir = await mkdtemp(join(tmpdir(), "redline-cluster-"));
  const program = await natsServerPath();
  const ports = await freePorts(2 * servers.length);
  const clientOf = (server: number) => ports[server] ?? 0;
  const routeOf = (server: number) => ports[servers.length + server] ?? 0;
  const routes = servers.map((server) => `nats://127.0.0.1:${routeOf(server)}`);
  const children = new Map<number, ChildProcess>();
  const start = (server: number) => {
    children.set(server, spawn(program, ["-c", join(dir, `${server}.conf`)], { stdio: "ignore" }));
  };
  const end = async (server: number, signal: NodeJS.Signals) => {
    const child = children.get(server);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  const url = servers.map((server) => `nats://127.0.0.1:${clientOf(server)}`).join(",");
  const cluster: TestCluster = {
    url,
    kill: (server) => end(server, "SIGKILL"),
    start,
    async ready() {
      const connection = await connect({ servers: url.split(","), waitOnFirstConnect: true });
      try {
        const asked = async () => {
          await (await jetstreamManager(connection)).getAccountInfo();
          return true;
        };
        await until("the cluster answers", asked);
      } finally {
        await connection.close();
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => end(server, "SIGKILL")));
      await rm(dir, { recursive: true, force: true });
    },
  };
  for (const server of servers) {
    const lines = [
      `server_name: s${server}`,
      `listen: "127.0.0.1:${clientOf(server)}"`,
      `jetstream { store_dir: ${JSON.stringify(join(dir, `store-${server}`))} }`,
      `cluster { name: test, listen: "127.0.0.1:${routeOf(server)}", routes: ${JSON.stringify(routes)} }`,
    ];
    await writeFile(join(dir, `${server}.conf`), `${lines.join("\n")}\n`);
    start(server);
  }
  try {
    await cluster.ready();
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
