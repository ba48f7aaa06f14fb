import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats, makeNatsConfig, StreamPublisher } from "@redline/daemon";
import { nodeIdSchema, streams, subjects } from "@redline/shared";
import { expect, it } from "vitest";
import { labCertificate } from "../../../cli/dist/lab-folder/lab-ca.js";
import { labPaths } from "../../../cli/dist/lab-folder/lab-paths.js";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { freePorts } from "../kit/nats-cluster.ts";
import { until } from "../kit/until.ts";
import { serverPrograms } from "./deploy-nats-server.ts";

const alpha = nodeIdSchema.parse("alpha");
const SERVERS = [0, 1, 2] as const;
const LONG_MS = 120_000;

const [program] = serverPrograms();
const why = program === undefined ? " (needs a nats-server: run npm run setup)" : "";

/** A certificate of a CA of its own: `dir` gets it. */
async function certified(dir: string) {
  const paths = labPaths(dir);
  for (const folder of ["nats", "ca"]) await mkdir(join(dir, folder), { recursive: true });
  await labCertificate(paths, ["127.0.0.1"], new Date());
  return { certFile: paths.serverCert, keyFile: paths.serverKey, caFile: paths.caCert };
}

it.skipIf(program === undefined)(
  `three servers with the lab's certificates: one hangs, all goes on; one of another CA does not join${why}`,
  { timeout: 300_000 },
  async () => {
    if (program === undefined) return;
    const dir = await mkdtemp(join(tmpdir(), "redline-cluster-tls-"));
    const children: ChildProcess[] = [];
    const launch = async (name: string, config: string) => {
      await writeFile(join(dir, `${name}.conf`), config);
      const child = spawn(program.path, ["-c", join(dir, `${name}.conf`)], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      children.push(child);
      const said: string[] = [];
      child.stderr.on("data", (chunk: Buffer) => void said.push(chunk.toString("utf8")));
      return { child, said: () => said.join("") };
    };
    try {
      const tls = await certified(join(dir, "lab"));
      const ports = await freePorts(2 * SERVERS.length + 2);
      const portOf = (index: number) => ports[index] ?? 0;
      const routes = SERVERS.map((server) => `nats-route://127.0.0.1:${portOf(SERVERS.length + server)}`);
      const roles = makeNatsConfig({ nodes: [alpha], storeDir: dir });
      const configOf = (name: string, index: number, routeIndex: number, files: typeof tls) =>
        makeNatsConfig({
          ...{ nodes: [alpha], publicKeys: roles.publicKeys, storeDir: join(dir, `store-${name}`) },
          ...{ listen: `127.0.0.1:${portOf(index)}`, serverName: name, serverVersion: program.version },
          ...{ tls: files, cluster: { name: "lab", listen: `127.0.0.1:${portOf(routeIndex)}`, routes } },
        }).config;
      for (const [role, seed] of Object.entries(roles.seeds))
        await writeFile(join(dir, `${role}.seed`), seed, { mode: 0o600 });
      const running = await Promise.all(
        SERVERS.map((s) => launch(`s${s}`, configOf(`s${s}`, s, SERVERS.length + s, tls))),
      );
      const urls = SERVERS.map((s) => `tls://127.0.0.1:${portOf(s)}`);

      await using coordinator = await CoordinatorProcess.create({
        ...{ REDLINE_NATS_URLS: urls.join(","), REDLINE_NATS_CA_FILE: tls.caFile, REDLINE_NODES: alpha },
        ...{ REDLINE_NATS_NKEY_FILE: join(dir, "coordinator.seed"), REDLINE_LOG_LEVEL: "warn" },
      });
      coordinator.launch();
      await until(
        "the coordinator is ready",
        async () => (await coordinator.get("/readyz")).status === 200,
        LONG_MS,
      );
      const login = (name: string) =>
        connectNats({ servers: urls, name, nkeySeedFile: join(dir, `${name}.seed`), caFile: tls.caFile });
      const observer = await login("coordinator");
      const records = async () =>
        (await (await jetstreamManager(observer)).streams.info(streams.records)).cluster;
      const whole = await until("three copies", async () => {
        const of = await records();
        return of?.replicas?.length === 2 && of.replicas.every(({ current }) => current) && of;
      });

      // It hangs and is not gone: its sockets stay open, and nobody is told.
      const leader = SERVERS.find((s) => `s${s}` === whole.leader);
      const hung = leader === undefined ? undefined : running[leader]?.child;
      const node = await login(alpha);
      const publisher = new StreamPublisher(node, alpha, 2000);
      expect(await publisher.publish(subjects.record(alpha), "before")).toMatchObject({ duplicate: false });
      hung?.kill("SIGSTOP");
      const { seq } = await until(
        "it goes on with two",
        () => publisher.publish(subjects.record(alpha), "while one hangs", { msgId: "m" }),
        LONG_MS,
      );
      hung?.kill("SIGCONT");
      const again = await until(
        "all three have it",
        async () => {
          const of = await records();
          return of?.leader !== undefined && of.replicas?.every(({ current }) => current) === true && of;
        },
        LONG_MS,
      );
      expect(again.replicas).toHaveLength(2);
      const repeated = await until("it answers", () =>
        publisher.publish(subjects.record(alpha), "while one hangs", { msgId: "m" }),
      );
      expect(repeated).toEqual({ seq, duplicate: true });

      const foreign = await certified(join(dir, "foreign"));
      const at = 2 * SERVERS.length;
      const intruder = await launch("intruder", configOf("intruder", at, at + 1, foreign));
      await until(
        "it is refused",
        () => /tls|certificate|x509/i.test(intruder.said()) && /error/i.test(intruder.said()),
        LONG_MS,
      );
      for (const { said } of running) expect(said()).not.toMatch(/intruder/);
      await node.close();
      await observer.close();
    } finally {
      for (const child of children) {
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await gone;
      }
      await rm(dir, { recursive: true, force: true });
    }
  },
);
