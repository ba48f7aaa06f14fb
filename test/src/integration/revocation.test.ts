import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeIdSchema, subjects, type NodeId } from "@redline/shared";
import { expect, it } from "vitest";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { SHA, studyOf } from "../kit/coordinator-bench.ts";
import { FakeNode } from "../kit/fake-node.ts";
import { redline } from "../kit/redline.ts";
import { until } from "../kit/until.ts";
import { BusClient } from "./bus-client.ts";
import { serverPrograms, startServer } from "./deploy-nats-server.ts";

const programs = serverPrograms();
if (programs.length === 0) it.skip("needs a nats-server: run npm run setup");

/** Long leases: what ends the attempt here is the removal, and nothing that ran out. */
const LEASE_MS = 240_000;

it.each(programs)(
  "a removed node is off at once, its trial goes on elsewhere ($version)",
  async (program) => {
    const dir = await mkdtemp(join(tmpdir(), "redline-revocation-"));
    const lab = join(dir, "lab");
    const run = async (...args: string[]) => {
      const ended = await redline(args, dir).ended;
      expect([ended.code, ended.stderr]).toEqual([0, expect.any(String)]);
      return ended.stdout;
    };
    const seeds = join(lab, "nodes");
    try {
      await run(
        "init",
        lab,
        ...["--nodes", "n1,n2,n3", "--listen", "127.0.0.1:-1"],
        ...["--server-version", program.version],
      );
      await using server = await startServer(program.path, join(lab, "nats/nats.conf"), dir);
      await using coordinator = await CoordinatorProcess.create({
        REDLINE_NATS_URLS: server.url,
        REDLINE_NATS_NKEY_FILE: join(lab, "coordinator/coordinator.seed"),
        REDLINE_SIGNING_KEY_FILE: join(lab, "coordinator/coordinator.key"),
        REDLINE_NODES_FILE: join(lab, "lab.json"),
        REDLINE_LEASE_MS: String(LEASE_MS),
      });
      await coordinator.start();
      const publicKey = await coordinator.publicKey();
      const peers = new Map<NodeId, FakeNode>();
      const start = (node: string) =>
        FakeNode.start({
          ...{ node, url: server.url, publicKey, specimenSha256: SHA, peers, runMs: Infinity },
          seedFile: join(seeds, node, "node.seed"),
        });
      await using n1 = await start("n1");
      await using n2 = await start("n2");
      await using n3 = await start("n3");
      const nodes = [n1, n2, n3];
      await until("all are seen", async () => (await coordinator.journal()).state.nodes.size === 3);
      await using spy = await BusClient.as(server.url, join(seeds, "n1"), "n1", "node");

      await coordinator.post("/api/studies", studyOf({ trials: 1 }));
      const trialOf = async () => [...(await coordinator.journal()).state.trials.values()][0];
      const running = await until("it runs", async () => {
        const trial = await trialOf();
        return trial?.state === "running" ? trial : null;
      });
      const devices = running.attempts[0]?.devices;
      if (devices === undefined) throw new Error("no devices");
      const removed = devices.origin;
      await using removedClient = await BusClient.as(server.url, join(seeds, removed), removed, "node");
      const others = nodes.filter(({ node }) => node !== removed);
      for (const node of others) node.runMs = 20;

      const began = performance.now();
      expect(await run("node", "remove", removed, ...["--lab", lab, "--why", "a test"])).toContain(
        "was told",
      );
      await until("its connection ended", () => removedClient.disconnects > 0);
      const tookMs = performance.now() - began;
      // Most of it is the command's own start; the bound is wide for a slow machine.
      expect(tookMs).toBeLessThan(15_000);
      process.stderr.write(
        `a removed node's connection ended ${Math.round(tookMs)} ms after the command began\n`,
      );

      const trial = await until("tried elsewhere", async () => {
        const now = await trialOf();
        return now?.state === "done" ? now : null;
      });
      expect(trial.attempts[0]).toMatchObject({ fault: "node-lost" });
      expect(trial.attempts[0]?.detail).toContain("was removed from the lab");
      expect(Object.values(trial.attempts[1]?.devices ?? {})).not.toContain(removed);
      const { state, records } = await until("it is journalled as gone", async () => {
        const journal = await coordinator.journal();
        return journal.state.nodes.get(removed)?.goneWhy === "removed from the lab" ? journal : null;
      });
      expect(others.every(({ node }) => state.nodes.get(node)?.goneWhy === null)).toBe(true);
      // The others stayed connected all the time.
      if (removed !== "n1") expect(spy.disconnects).toBe(0);

      // Nothing of it counts any more, and its login is gone.
      const last = records.at(-1)?.seq ?? 0;
      await expect(BusClient.as(server.url, join(seeds, removed), removed, "node")).rejects.toThrow(
        /authorization/i,
      );
      await using forger = await BusClient.as(server.url, join(lab, "coordinator"), "coordinator");
      expect(await forger.refusesPublish(subjects.record(nodeIdSchema.parse(removed)))).toBe(true);
      const late = (await coordinator.journal()).records.filter(
        ({ seq, body }) => seq > last && body.kind === "node-record" && body.node === removed,
      );
      expect(late).toEqual([]);

      // A new node joins without a restart of anything.
      await run("node", "add", "n4", "--lab", lab);
      await using n4 = await start("n4");
      await until("the new node is seen", async () => (await coordinator.journal()).state.nodes.has(n4.node));
      const again = await redline(["node", "add", removed, "--lab", lab], dir).ended;
      expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("give the machine a new name")]);
      expect(await readFile(join(lab, "lab.json"), "utf8")).toContain('"why": "a test"');
    } finally {
      await rm(dir, { recursive: true });
    }
  },
);
