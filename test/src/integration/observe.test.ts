import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Snapshot } from "@redline/shared";
import { snapshotSchema } from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { sweepListeners, type ListenerChange } from "../../../node-agent/dist/observe/listener-sweep.js";
import { createSnapshotter } from "../../../node-agent/dist/observe/snapshotter.js";

/** PID 1 of a cell: every trap of `/proc` that the research met, then one line of JSON with what it knows of itself. */
const CELL_SCRIPT = `
import { spawn } from "node:child_process";
import { copyFileSync, chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
const folder = process.argv[2];
const ready = (child) => new Promise((resolve) => child.stdout.once("data", (text) => resolve(String(text).trim())));
const listening = (server, ...at) => new Promise((resolve) => server.listen(...at, () => resolve(server.address().port)));
const shared = createServer();
const sharedPort = await listening(shared, 0, "127.0.0.1");
const heir = spawn("sleep", ["600"], { stdio: ["ignore", "ignore", "ignore", shared._handle.fd] });
const six = await listening(createServer(), 0, "::1");
const perl = 'use Socket; $| = 1; socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, 15, 1) or die; bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die; listen(S, 5); $0 = $ARGV[1]; print "up\\\\n"; sleep 600;';
const twinPort = 18760;
const twins = [];
for (const name of ["twin) R 1 (x", "python3 -m vllm.entrypoints.openai.api_server"]) {
  const twin = spawn("perl", ["-e", perl, String(twinPort), name], { stdio: ["ignore", "pipe", "inherit"] });
  await ready(twin);
  twins.push(twin.pid);
}
const program = folder + "/unlinked";
copyFileSync("/bin/sleep", program);
chmodSync(program, 0o755);
const deleted = spawn(program, ["600"], { stdio: "ignore" });
await new Promise((resolve) => setTimeout(resolve, 100));
rmSync(program);
const nested = spawn("unshare", ["-rn", "--pid", "--fork", "--kill-child", "perl", "-e", perl, "19999", "hidden"], { stdio: ["ignore", "pipe", "inherit"] });
await ready(nested);
console.log(JSON.stringify({ sharedPort, heir: heir.pid, six, twinPort, twins, deleted: deleted.pid }));
let extra = null;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "open") console.log(JSON.stringify({ port: await listening(extra = createServer(), 0, "127.0.0.1") }));
  if (line === "close") extra.close(() => console.log("{}"));
  if (line === "flood") {
    const sockets = [];
    const { connect } = await import("node:net");
    for (let i = 0; i < 1500; i += 1) sockets.push(await new Promise((resolve) => { const s = connect(sharedPort, "127.0.0.1", () => resolve(s)); }));
    console.log(JSON.stringify({ connections: sockets.length }));
  }
}
`;

const factsSchema = z.object({
  sharedPort: z.number(),
  heir: z.number(),
  six: z.number(),
  twinPort: z.number(),
  twins: z.array(z.number()),
  deleted: z.number(),
});

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A child in namespaces of its own that dies with it, and its lines. */
function startUnshared(options: string, command: string) {
  const child: Child = spawn(
    "unshare",
    [
      options,
      "--pid",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "sh",
      "-c",
      `ip link set lo up && ${command}`,
    ],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async line(): Promise<unknown> {
      const next = await lines.next();
      if (next.done === true) throw new Error("the cell ended early");
      return JSON.parse(next.value);
    },
    async stop() {
      const closed = child.exitCode === null && child.signalCode === null ? once(child, "close") : null;
      child.kill("SIGKILL");
      await closed;
    },
  };
}

/** Child of `unshare`: the init of the new PID namespace. */
async function initOf(unsharePid: number | undefined): Promise<number> {
  const children = await readFile(`/proc/${unsharePid ?? 0}/task/${unsharePid ?? 0}/children`, "utf8");
  return Number(children.trim());
}

const inode = async (pid: number, kind: "net" | "pid") =>
  (await readlink(`/proc/${pid}/ns/${kind}`)).slice(5, -1);

/** Who is still in a PID namespace; its end takes the kernel some milliseconds, so it waits up to two seconds for nobody. */
async function processesIn(pidns: string): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const homes = await Promise.all(pids.map((pid) => inode(Number(pid), "pid").catch(() => "")));
    const left = pids.filter((_pid, i) => homes[i] === pidns);
    if (left.length === 0 || tries === 40) return left;
    await delay(50);
  }
}

describe("a snapshot of a cell from outside", () => {
  let folder: string;
  let cell: ReturnType<typeof startUnshared>;
  let facts: z.infer<typeof factsSchema>;
  let scope: { initPid: number; netns: string; pidns: string };
  let snapshotter: ReturnType<typeof createSnapshotter>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redline-observe-"));
    await chmod(folder, 0o755);
    await writeFile(join(folder, "cell.mjs"), CELL_SCRIPT);
    cell = startUnshared("-Urmn", `exec ${process.execPath} ${join(folder, "cell.mjs")} ${folder}`);
    facts = factsSchema.parse(await cell.line());
    const initPid = await initOf(cell.child.pid);
    scope = { initPid, netns: await inode(initPid, "net"), pidns: await inode(initPid, "pid") };
    snapshotter = createSnapshotter();
  });

  afterAll(async () => {
    await snapshotter[Symbol.asyncDispose]();
    await cell.stop();
    await rm(folder, { recursive: true, force: true });
    expect(await processesIn(scope.pidns)).toEqual([]);
  });

  async function look(): Promise<Snapshot> {
    const taken = await snapshotter.snapshot(scope);
    if (!taken.ok) throw new Error(taken.why);
    return taken.snapshot;
  }
  const byCellPid = (snapshot: Snapshot, pid: number) =>
    snapshot.processes.find((p) => p.cellPid === pid && p.pidns === scope.pidns);
  const ownersOf = (snapshot: Snapshot, port: number) =>
    snapshot.listeners
      .filter((l) => l.port === port)
      .map((l) => l.owners.map((o) => snapshot.processes.find((p) => p.pid === o.pid)?.cellPid).sort());

  it("fits the shared schema and holds the cell's processes only, all stable", async () => {
    const snapshot = await look();
    expect(snapshotSchema.parse(snapshot)).toEqual(snapshot);
    expect(snapshot.processes.find((p) => p.pid === scope.initPid)?.cellPid).toBe(1);
    expect(snapshot.processes.map((p) => p.pid)).not.toContain(process.pid);
    expect(snapshot.processes.filter((p) => !p.stable)).toEqual([]);
    expect(snapshot.unstable).toBe(0);
    // init, heir, two twins, the unlinked one, and nested: unshare and its child.
    expect(snapshot.processes).toHaveLength(7);
  });

  it("names both owners of an inherited socket", async () => {
    expect(ownersOf(await look(), facts.sharedPort)).toEqual([[1, facts.heir].sort()]);
  });

  it("keeps SO_REUSEPORT twins apart, each with its own owner", async () => {
    const owners = ownersOf(await look(), facts.twinPort);
    expect(owners.flat().sort()).toEqual(facts.twins.toSorted());
    expect(owners).toHaveLength(2);
  });

  it("reads a comm with a bracket and a spoofed command line, and is not fooled about the executable", async () => {
    const snapshot = await look();
    const [bracket, spoofed] = facts.twins.map((pid) => byCellPid(snapshot, pid));
    expect(bracket).toMatchObject({ comm: "twin) R 1 (x", ppid: scope.initPid });
    expect(spoofed?.cmdline.join(" ")).toContain("vllm.entrypoints");
    expect(spoofed?.exe).toMatch(/\/perl$/);
  });

  it("tells an unlinked executable", async () => {
    expect(byCellPid(await look(), facts.deleted)?.exe).toBe(`${folder}/unlinked (deleted)`);
  });

  it("finds IPv6 listeners and those hidden in nested namespaces", async () => {
    const snapshot = await look();
    expect(snapshot.listeners.find((l) => l.port === facts.six)).toMatchObject({
      family: "ipv6",
      address: "::1",
    });
    const hidden = snapshot.listeners.find((l) => l.port === 19_999);
    expect(hidden?.netns).not.toBe(scope.netns);
    const owner = snapshot.processes.find((p) => p.pid === hidden?.owners[0]?.pid);
    expect(owner).toMatchObject({ comm: "hidden", cellPid: 1 });
    expect(owner?.pidns).not.toBe(scope.pidns);
  });

  it("sweeps: tells of a listener that comes and of one that goes, and ends on abort", async () => {
    const end = new AbortController();
    const known = (await look()).listeners;
    const seen: ListenerChange[] = [];
    const sweeping = (async () => {
      for await (const change of sweepListeners({ scope, everyMs: 20, known, signal: end.signal }))
        seen.push(change);
    })();
    cell.child.stdin.write("open\n");
    const { port } = z.object({ port: z.number() }).parse(await cell.line());
    await expect.poll(() => seen.length).toBe(1);
    expect(seen[0]).toMatchObject({ appeared: [{ port, netns: scope.netns }], gone: [] });
    cell.child.stdin.write("close\n");
    await cell.line();
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[1]).toMatchObject({ appeared: [], gone: [{ port }] });
    end.abort();
    await sweeping;
  });

  it("finds every listener beside thousands of connections", async () => {
    const before = (await look()).listeners.map((l) => l.inode).sort();
    cell.child.stdin.write("flood\n");
    expect(await cell.line()).toEqual({ connections: 1500 });
    expect((await look()).listeners.map((l) => l.inode).sort()).toEqual(before);
  });

  it("names the same identities at every look", async () => {
    const keys = (s: Snapshot) => s.processes.map((p) => `${p.bootId} ${p.pid} ${p.startTick}`);
    expect(keys(await look())).toEqual(keys(await look()));
  });
});

describe("the snapshot thread", () => {
  const scope = { initPid: 1, netns: "1", pidns: "1" };

  it("gives an error value when the thread dies, to all who wait, and for an abort", async () => {
    await using broken = createSnapshotter({
      workerUrl: new URL("data:text/javascript,setTimeout(()=>process.exit(7),20)"),
    });
    const results = await Promise.all([broken.snapshot(scope), broken.fullSnapshot()]);
    expect(results).toEqual([
      { ok: false, why: "snapshot thread ended with code 7" },
      { ok: false, why: "snapshot thread ended with code 7" },
    ]);
    expect(await broken.snapshot(scope)).toMatchObject({ ok: false });
    expect(await broken.snapshot(scope, AbortSignal.abort())).toEqual({ ok: false, why: "aborted" });
  });

  it("ends a thread that hangs", async () => {
    await using stuck = createSnapshotter({
      timeoutMs: 50,
      workerUrl: new URL("data:text/javascript,for(;;);"),
    });
    expect(await stuck.snapshot(scope)).toEqual({ ok: false, why: "no snapshot within 50 ms" });
  });

  it("starts again after a death", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redline-thread-"));
    try {
      const flag = join(folder, "died");
      const worker = new URL("../../../node-agent/dist/observe/snapshot-worker.js", import.meta.url);
      const script = `import { existsSync, writeFileSync } from "node:fs";
        if (existsSync(${JSON.stringify(flag)})) await import(${JSON.stringify(worker.href)});
        else { writeFileSync(${JSON.stringify(flag)}, ""); process.exit(1); }`;
      const path = join(folder, "dies-once.mjs");
      await writeFile(path, script);
      await using snapshotter = createSnapshotter({ workerUrl: new URL(`file://${path}`) });
      expect(await snapshotter.fullSnapshot()).toMatchObject({ ok: false });
      const second = await snapshotter.fullSnapshot();
      expect(second.ok && second.snapshot.processes.some((p) => p.pid === process.pid)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
