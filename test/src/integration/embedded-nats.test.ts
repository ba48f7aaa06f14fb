import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import type { NodeId } from "@redline/shared";
import { submitReplySchema, studyIdSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { SHA, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { FakeNode } from "../kit/fake-node.ts";
import { redline } from "../kit/redline.ts";
import { until } from "../kit/until.ts";
import { BusClient } from "./bus-client.ts";

const pidOf = async (one: CoordinatorProcess) =>
  Number(await readFile(join(one.dir, "nats", "nats.pid"), "utf8"));
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const urlOf = async (one: CoordinatorProcess) =>
  (await readFile(join(one.dir, "nats", "url"), "utf8")).trim();

async function study(one: CoordinatorProcess, trials: number) {
  const answer = await one.post("/api/studies", studyOf({ trials, scenario: "local-copy" }));
  const id = studyIdSchema.parse(submitReplySchema.parse(JSON.parse(answer.text)).study);
  return until(`study ${id} ended`, async () => {
    const { state } = await one.journal();
    return (state.studies.get(id)?.endedAt ?? null) === null ? null : statesOf(state.trialsOf(id));
  });
}

describe.concurrent("a coordinator without a URL", () => {
  it("runs a nats-server of its own, which ends with it and starts again on the same port", async () => {
    await using one = await CoordinatorProcess.create({ REDLINE_NODES: "n1" });
    await one.start();
    const url = await urlOf(one);
    const seedFile = join(one.dir, "keys", "n1.nk");
    expect((await stat(seedFile)).mode & 0o777).toBe(0o600);
    const options = {
      ...{ node: "n1", url, seedFile, publicKey: await one.publicKey(), specimenSha256: SHA },
      peers: new Map<NodeId, FakeNode>(),
    };
    await using _node = await FakeNode.start(options);
    expect(await study(one, 3)).toEqual(["done", "done", "done"]);
    // Nobody without a key, and a node only as itself.
    await expect(connect({ servers: url, reconnect: false })).rejects.toThrow(/authorization/i);

    const first = await pidOf(one);
    process.kill(first, "SIGKILL");
    await until("another server runs", async () => (await pidOf(one)) !== first && isAlive(await pidOf(one)));
    expect(await study(one, 1)).toEqual(["done"]);

    await one.end("SIGKILL");
    const second = await pidOf(one);
    await until("the server ended with a coordinator that was killed", () => !isAlive(second));
    await one.start();
    expect(await urlOf(one)).toBe(url);
    expect(await study(one, 2)).toEqual(["done", "done"]);
    const third = await pidOf(one);
    expect(await one.end("SIGTERM")).toBe(0);
    expect(isAlive(third)).toBe(false);
  });

  it("says what is missing", async () => {
    await using one = await CoordinatorProcess.create({ REDLINE_NODES: "n1" });
    one.launch({ REDLINE_NATS_SERVER_BIN: "/nonexistent/nats-server" });
    const { code } = await until("it ended", () => one.exited());
    expect(code).toBe(2);
    expect(one.said).toMatch(/nonexistent.*cannot be run[\s\S]*npm run setup.*REDLINE_NATS_URLS/);
  });

  it("refuses to be one of a pair", async () => {
    await using one = await CoordinatorProcess.create({ REDLINE_NODES: "n1", REDLINE_STANDBY: "on" });
    one.launch();
    expect((await until("it ended", () => one.exited())).code).toBe(2);
    expect(one.said).toContain("name its servers in REDLINE_NATS_URLS");
  });

  it("follows a lab folder: a node that is added gets in, one that is removed is off at once", async () => {
    const dir = await mkdtemp(join(tmpdir(), "redline-own-bus-"));
    const lab = join(dir, "lab");
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await redline(args, dir).ended;
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      return stdout;
    };
    try {
      await run("init", lab, "--nodes", "n1");
      await using one = await CoordinatorProcess.create({
        REDLINE_NODES_FILE: join(lab, "lab.json"),
        REDLINE_SIGNING_KEY_FILE: join(lab, "coordinator", "coordinator.key"),
      });
      await one.start();
      const options = {
        ...{ url: await urlOf(one), publicKey: await one.publicKey(), specimenSha256: SHA },
        peers: new Map<NodeId, FakeNode>(),
      };
      const start = (node: string) =>
        FakeNode.start({ ...options, node, seedFile: join(lab, "nodes", node, "node.seed") });
      await using _n1 = await start("n1");
      expect(await study(one, 1)).toEqual(["done"]);

      expect(await run("node", "add", "n2", "--lab", lab)).toMatch(/coordinator \(process \d+\) was told/);
      const client = (node: string) => BusClient.as(options.url, join(lab, "nodes", node), node, "node");
      await until("n2 has a login", () => client("n2").catch(() => null)).then((c) => c.connection.close());
      await using _n2 = await start("n2");
      await until("n2 is seen", async () => (await one.journal()).state.nodes.size === 2);

      await using spy = await client("n1");
      expect(await run("node", "remove", "n1", "--lab", lab, "--why", "a test")).toContain("was told");
      await until("its connection ended", () => spy.disconnects > 0);
      await expect(client("n1")).rejects.toThrow(/authorization/i);
      expect(await study(one, 1)).toEqual(["done"]);
      // And it stays so after a restart, with the same keys.
      await one.end("SIGKILL");
      await one.start();
      await expect(client("n1")).rejects.toThrow(/authorization/i);
      expect(await study(one, 1)).toEqual(["done"]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("lets each node write in its own name only", async () => {
    await using one = await CoordinatorProcess.create({ REDLINE_NODES: "n1,n2" });
    await one.start();
    const seed = await readFile(join(one.dir, "keys", "n1.nk"));
    const connection = await connect({
      servers: await urlOf(one),
      inboxPrefix: "_INBOX_n1",
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.toString().trim())),
    });
    const refused = (async () => {
      for await (const status of connection.status())
        if (status.type === "error") return status.error.message;
      return "";
    })();
    connection.publish("redline.v1.evt.n2", "{}");
    await connection.flush();
    expect(await refused).toMatch(/permissions violation/i);
    await connection.close();
  });
});
