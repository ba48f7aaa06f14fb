import { mkdtemp, readFile, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { runCli } from "../../../cli/dist/run-cli.js";
import { testContext } from "../../../cli/dist/testing/test-context.js";
import { connectNats, newUserKey } from "@redline/daemon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../kit/until.ts";
import { BusClient } from "./bus-client.ts";
import { serverPrograms, startServer } from "./deploy-nats-server.ts";

const programs = serverPrograms();
if (programs.length === 0) it.skip("needs a nats-server: run npm run setup");

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-init-"));
});
afterAll(() => rm(dir, { recursive: true }));
/** In this process: a start of the command costs more than what it does. */
const call = async (...args: string[]) => {
  const { context, out, err } = testContext(dir);
  const code = await runCli(args, context);
  return { code, stdout: out.text(), stderr: err.text() };
};
const done = async (...args: string[]) => {
  const ended = await call(...args);
  expect([ended.code, ended.stderr]).toEqual([0, expect.any(String)]);
  return ended;
};
const LOCAL = ["--listen", "127.0.0.1:-1"];
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe.each(programs)(
  "redline init and node add|remove under nats-server $version",
  ({ path, version }) => {
    it("asks for a fsync of every record where the server can, and takes nodes in and out by a reload", async () => {
      const lab = join(dir, `lab-${version}`);
      const nodeDir = (name: string) => join(lab, "nodes", name);
      await done("init", lab, "--nodes", "alpha,beta", ...LOCAL, "--server-version", version);
      const config = await readFile(join(lab, "nats/nats.conf"), "utf8");
      expect(config.includes("sync_interval: always")).toBe(!version.startsWith("2.9."));
      expect(config).not.toContain("allow_responses");
      await using server = await startServer(path, join(lab, "nats/nats.conf"), dir);
      await using stays = await BusClient.as(server.url, nodeDir("alpha"), "alpha", "node");
      await using leaves = await BusClient.as(server.url, nodeDir("beta"), "beta", "node");
      const seed = await readFile(join(nodeDir("alpha"), "node.seed"), "utf8");

      expect((await done("node", "add", "gamma", "--lab", lab)).stdout).toContain("was told");
      await until("the new node gets in", async () => {
        await using joined = await BusClient.as(server.url, nodeDir("gamma"), "gamma", "node");
        await joined.connection.flush();
        return true;
      });
      await done("node", "remove", "beta", "--lab", lab, "--why", "a test");
      await until("the removed one is cut off", () => leaves.disconnects > 0);
      await stays.connection.flush();
      expect(stays.disconnects).toBe(0);
      expect(await readFile(join(nodeDir("alpha"), "node.seed"), "utf8")).toBe(seed);
    });

    it("speaks TLS with the lab's CA, by name and by address, and not with a client that lacks it", async () => {
      const lab = join(dir, `tls-${version}`);
      const made = await done(
        "init",
        lab,
        "--nodes",
        "alpha",
        ...LOCAL,
        "--tls",
        "lab",
        "--server",
        "localhost:4222",
        "--server-version",
        version,
      );
      expect(made.stdout).toMatch(/certificate of the server made: ends \d{4}-/);
      await using server = await startServer(path, join(lab, "nats/nats.conf"), dir);
      const { port } = new URL(server.url);
      const own = join(lab, "nodes/alpha");
      const settings = { name: "alpha", nkeySeedFile: join(own, "node.seed") };
      for (const host of ["localhost", "127.0.0.1"]) {
        const caFile = join(own, "nats-ca.pem");
        const connection = await connectNats({ ...settings, servers: [`nats://${host}:${port}`], caFile });
        await connection.flush();
        await connection.close();
      }
      // Without the CA the client does not trust the server; it tries for ever.
      const untrusting = connectNats({ ...settings, servers: [`nats://localhost:${port}`] });
      const first = await Promise.race([
        untrusting.then(
          () => "in",
          () => "refused",
        ),
        new Promise((resolve) => setTimeout(() => resolve("not in"), 2000)),
      ]);
      expect(first).not.toBe("in");
      void untrusting.then((late) => late.close()).catch(() => undefined);
    });
  },
);

describe("redline init", () => {
  it("keeps every secret to its owner, writes none over, and completes what is there", async () => {
    const lab = join(dir, "kept");
    await done(
      "init",
      lab,
      "--nodes",
      "alpha=192.0.2.21,beta",
      "--tls",
      "lab",
      ...LOCAL,
      "--server-version",
      "2.15.1",
    );
    const secrets = [
      "coordinator/coordinator.seed",
      "coordinator/coordinator.key",
      "ca/ca.key",
      "nats/server.key",
    ];
    const all = [...secrets, "nodes/alpha/node.seed", "nodes/beta/node.seed"].map((file) => join(lab, file));
    for (const file of all) expect([file, await modeOf(file)]).toEqual([file, 0o600]);
    for (const folder of ["coordinator", "nodes/alpha"]) expect(await modeOf(join(lab, folder))).toBe(0o700);
    const kept = [
      ...all,
      join(lab, "ca/ca.pem"),
      join(lab, "nats/server.pem"),
      join(lab, "nodes/alpha/node.env"),
    ];
    const before = await Promise.all(kept.map((file) => readFile(file, "utf8")));
    const again = await done("init", lab, "--nodes", "alpha,beta,gamma", "--standby");
    expect(again.stdout).toContain("3 nodes, 2 coordinators");
    expect(await Promise.all(kept.map((file) => readFile(file, "utf8")))).toEqual(before);
    const key = (name: string) => readFile(join(lab, name, "coordinator.key"), "utf8");
    expect(await key("coordinator-b")).toBe(await key("coordinator"));
    expect(before.at(-1)).toContain("REDLINE_ADVERTISE=192.0.2.21");
    const conf = await readFile(join(lab, "nats/nats.conf"), "utf8");
    expect(conf).not.toMatch(/\bSU[A-Z2-7]{50}/);
    expect(conf).toContain("_INBOX_coordinator-b.>");
  });

  it("does not make a key anew that was taken to its machine and deleted here", async () => {
    const lab = join(dir, "away");
    await done("init", lab, "--nodes", "alpha", "--tls", "lab", ...LOCAL, "--server-version", "2.15.1");
    const pub = await readFile(join(lab, "coordinator/coordinator.pub"), "utf8");
    for (const file of [
      "coordinator/coordinator.key",
      "coordinator/coordinator.seed",
      "nodes/alpha/node.seed",
      "ca/ca.key",
    ])
      await unlink(join(lab, file));
    await call("node", "add", "beta", "--lab", lab);
    expect(await readFile(join(lab, "nodes/beta/coordinator.pub"), "utf8")).toBe(pub);
    for (const file of ["coordinator/coordinator.key", "nodes/alpha/node.seed", "ca/ca.key"])
      await expect(stat(join(lab, file))).rejects.toThrow("ENOENT");
    // Another name for the server needs the CA's key.
    const renamed = await call("init", lab, "--server", "other.example");
    expect([renamed.code, renamed.stderr]).toEqual([2, expect.stringContaining("lay it back there")]);
    const standby = await call("init", lab, "--standby");
    expect([standby.code, standby.stderr]).toEqual([2, expect.stringContaining("copy coordinator.key")]);
  });

  it("takes a public key whose seed was made elsewhere, and makes no seed for it", async () => {
    const lab = join(dir, "joined");
    await done("init", lab, "--nodes", "alpha", ...LOCAL, "--server-version", "2.15.1");
    const { publicKey } = newUserKey();
    await done("node", "add", "beta", "--lab", lab, "--public-key", publicKey);
    expect(await readFile(join(lab, "nats/nats.conf"), "utf8")).toContain(`nkey: ${publicKey}`);
    await expect(stat(join(lab, "nodes/beta/node.seed"))).rejects.toThrow("ENOENT");
    const twice = await call("node", "add", "gamma", "--lab", lab, "--public-key", publicKey);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("beta has this public key")]);
    const none = await call("node", "add", "gamma", "--lab", lab, "--public-key", `U${"A".repeat(55)}`);
    expect(none.code).toBe(2);
  });

  it.each([
    [
      "names of other roles",
      ["--nodes", "alpha,all,coordinator,coordinator-b,observer,Beta"],
      '"all" is a reserved name; "coordinator" is a reserved name; "coordinator-b" is a reserved name',
    ],
    ["no nodes", [], "a lab has at least one node"],
    ["a bus everywhere without a name for it", ["--nodes", "a", "--listen", "0.0.0.0:4222"], "--server HOST"],
    ["the status page on the network", ["--nodes", "a", "--monitor", "0.0.0.0:8222"], "not on loopback"],
    ["a kind of TLS that is none", ["--nodes", "a", "--tls", "yes"], "expected lab, site or none"],
    ["the site's TLS without its files", ["--nodes", "a", "--tls", "site"], "--tls-cert and --tls-key"],
  ])("refuses %s", async (what, args, why) => {
    const lab = join(dir, what.replaceAll(/[^a-z]/g, "-"));
    const { code, stderr } = await call("init", lab, ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
    await expect(stat(join(lab, "lab.json"))).rejects.toThrow("ENOENT");
  });

  it("refuses to change under the daemons what they rely on", async () => {
    const lab = join(dir, "fixed");
    await done("init", lab, "--nodes", "alpha", ...LOCAL, "--server-version", "2.15.1");
    const { code, stderr } = await call("init", lab, "--listen", "127.0.0.1:5555");
    expect([code, stderr]).toEqual([2, expect.stringContaining("make a new lab folder")]);
  });

  it("makes tokens that it shows once and keeps as digests, and takes them away", async () => {
    const lab = join(dir, "tokens");
    await done("init", lab, "--nodes", "alpha", ...LOCAL, "--server-version", "2.15.1");
    const { stdout } = await done("token", "add", "ann", "--role", "operator", "--lab", lab);
    const file = join(lab, "coordinator/http-tokens");
    expect(stdout.trim()).toMatch(/^rlt_[\w-]{43}$/);
    expect(await readFile(file, "utf8")).not.toContain(stdout.trim());
    expect((await done("token", "list", "--lab", lab)).stdout).toBe("operator  ann\n");
    expect((await call("token", "add", "ann", "--role", "reader", "--lab", lab)).code).toBe(2);
    expect((await call("token", "add", "policy", "--role", "reader", "--lab", lab)).code).toBe(2);
    await done("token", "remove", "ann", "--lab", lab);
    expect(await readFile(file, "utf8")).not.toContain("ann");
  });
});
