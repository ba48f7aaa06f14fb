import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EscapeResult } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { runCli } from "../run-cli.ts";
import { startFakeCoordinator, type FakeCoordinator } from "../testing/fake-coordinator.ts";
import { inventoryOf } from "../testing/fixture-inventory.ts";
import { FixtureJournal } from "../testing/fixture-journal.ts";
import { testContext } from "../testing/test-context.ts";

let dir = "";
let api: FakeCoordinator;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-nodes-"));
  api = await startFakeCoordinator(dir);
  api.nodes = [nodeOf("alpha"), nodeOf("beta")];
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

async function redline(...argv: string[]) {
  const { context, out, err } = testContext(dir);
  const code = await runCli([...argv, "--socket", api.socketPath], context);
  return { code, out: out.text(), err: err.text() };
}

const nodeOf = (
  node: string,
  more: Parameters<typeof inventoryOf>[1] = {},
  quarantinedWhy: string | null = null,
) => ({
  inventory: inventoryOf(node, { bootId: `boot-${node}`, instance: `run-${node}`, ...more }),
  ageMs: 0,
  goneWhy: null,
  quarantinedWhy,
});

const CASES: EscapeResult[] = [
  { id: "tcp-outside", outcome: "stopped", by: "guard counter", detail: "dropped" },
  { id: "cron", outcome: "detected", by: "sterility: jobs", detail: "a table of \u001b[2Jcron" },
  { id: "gpu", outcome: "not-tested", by: "", detail: "no GPU here" },
];
const reportOf = (escaped: boolean) => ({
  kind: "self-test" as const,
  report: {
    bootId: "b",
    driver: "bubblewrap 0.8.0",
    green: !escaped,
    tookMs: 41_200,
    cases: escaped
      ? [...CASES, { id: "raw-socket", outcome: "escaped" as const, by: "", detail: "an answer came" }]
      : CASES,
  },
});

/** Nodes that say after an order how their self-test went; a restart from before the order comes in late. */
function testing(reports: Readonly<Record<string, object | "restart" | "silent">>) {
  const journal = new FixtureJournal().submitted();
  journal.node("beta", null, reportOf(true));
  api.show(journal.lines);
  api.onOrder = (path) => {
    const [, , , node = ""] = path.split("/");
    const report = reports[node];
    if (report === "silent" || report === undefined) return null;
    journal.node(node, null, { kind: "node-started", version: "1", instance: `run-${node}` });
    if (report === "restart")
      journal.node(node, null, { kind: "node-started", version: "1", instance: "another" });
    else journal.node(node, null, reportOf(report === RED));
    api.show([...journal.lines]);
    return { v: 1, running: 0, done: true, why: "" };
  };
}
const [GREEN, RED] = [{}, {}];

describe("redline node selftest", () => {
  it("shows each case with what stopped it, of what was ordered now", async () => {
    testing({ alpha: GREEN, beta: GREEN });
    const { code, out, err } = await redline("node", "selftest", "--all");
    expect(code).toBe(EXIT.done);
    expect(out).toContain("  tcp-outside  stopped     guard counter\n");
    expect(out).toContain("  cron         detected    sterility: jobs  a table of cron\n");
    expect(out).toContain(
      "alpha: GREEN, 3 of 3: 1 stopped, 1 detected, 1 not tested (bubblewrap 0.8.0, 41.2 s)\n",
    );
    expect(out).toContain("beta: GREEN");
    expect(err).toContain("self-test ordered on alpha, beta");
  });

  it("ends with 4 where something got out, a daemon started again, or a node is silent", async () => {
    testing({ alpha: RED });
    const red = await redline("node", "selftest", "alpha");
    expect([red.code, red.out]).toEqual([
      EXIT.notSterile,
      expect.stringContaining("alpha: RED, 3 of 4: 1 stopped, 1 detected, 1 not tested, 1 ESCAPED"),
    ]);
    testing({ alpha: "restart", beta: "silent" });
    const none = await redline("node", "selftest", "alpha", "beta");
    expect(none.code).toBe(EXIT.notSterile);
    expect(none.out).toContain("alpha: no report: its daemon started again during the test\n");
    expect(none.out).toContain("beta: no report: the node did not answer\n");
  });

  it("gives data, and refuses names that are none", async () => {
    testing({ alpha: GREEN });
    const { code, out } = await redline("node", "selftest", "alpha", "--json");
    expect(code).toBe(EXIT.done);
    expect(JSON.parse(out)).toMatchObject({
      green: true,
      nodes: [{ node: "alpha", report: { cases: CASES } }],
    });
    for (const [argv, said] of [
      [["gamma"], "no node is called gamma"],
      [[], "on which nodes?"],
      [["alpha", "--all"], "give nodes or --all, not both"],
    ] as const) {
      const refused = await redline("node", "selftest", ...argv);
      expect([refused.code, refused.err]).toEqual([EXIT.usage, expect.stringContaining(said)]);
    }
  });
});

describe("redline node clear", () => {
  it("lifts a quarantine, or says why it stays", async () => {
    const orders: string[] = [];
    api.onOrder = (path) => {
      orders.push(path);
      return { v: 1, running: 0, done: orders.length > 1, why: "files: /tmp/left" };
    };
    const stays = await redline("node", "clear", "alpha", "--why", "looked");
    expect([stays.code, stays.out]).toEqual([
      EXIT.notSterile,
      expect.stringContaining("alpha: stays quarantined: files: /tmp/left\n"),
    ]);
    const lifted = await redline("node", "clear", "alpha", "--why", "removed it", "--force");
    expect([lifted.code, lifted.out]).toEqual([
      EXIT.done,
      "alpha: the quarantine is lifted (files: /tmp/left)\n",
    ]);
    expect(orders).toEqual(["/api/nodes/alpha/clear", "/api/nodes/alpha/clear"]);
    expect((await redline("node", "clear", "alpha")).code).toBe(EXIT.usage);
    api.onOrder = () => null;
    const silent = await redline("node", "clear", "alpha", "--why", "x");
    expect([silent.code, silent.err]).toEqual([
      EXIT.unexpected,
      expect.stringContaining("the node did not answer"),
    ]);
  });
});

it("shows in the list which node needs what, with what to type", async () => {
  const test = { at: "2026-01-01T00:00:00.000Z", stopped: 1, detected: 0, notTested: 0 };
  api.nodes = [
    nodeOf("alpha", { selfTest: { ...test, green: true, escaped: [] } }),
    nodeOf("beta", { selfTest: { ...test, green: false, escaped: ["cron"] } }),
    nodeOf("gamma", { state: "quarantined", reason: "files: /tmp/left" }, "files: /tmp/left"),
  ];
  const { out } = await redline("node", "list");
  expect(out).toMatch(/^alpha {2}ready +green/m);
  expect(out).toContain(
    "  beta: self-test RED, got out: cron; scripted controls only until `redline node selftest beta` is green\n",
  );
  expect(out).toContain(
    "  gamma: quarantined: files: /tmp/left; look at the machine, then `redline node clear gamma --why TEXT`\n",
  );
  expect(out).toContain("  gamma: no self-test since the machine started");
  expect(out).not.toContain("  alpha: ");
});

it("tells after a stop how long each node took, by its own record", async () => {
  const journal = new FixtureJournal().submitted();
  api.show([...journal.lines]);
  api.onOrder = () => {
    for (const [node, tookMs] of [
      ["alpha", 120],
      ["beta", 310],
    ] as const)
      journal.node(node, null, { kind: "emptied", by: "stop", cells: 2, tookMs, detail: "" });
    api.show([...journal.lines]);
    return null;
  };
  const { code, out } = await redline("stop", "--all");
  expect(code).toBe(EXIT.done);
  expect(out).toContain("  alpha: 2 cells ended in 120 ms\n  beta: 2 cells ended in 310 ms\n");
});

describe("redline node drain", () => {
  const orders: string[] = [];
  beforeEach(() => {
    orders.length = 0;
    api.onOrder = (path) => {
      orders.push(path);
      return { node: "alpha", drained: path.endsWith("/drain"), attempts: 2 };
    };
  });

  it("says what still runs there, and with --wait comes back when nothing does", async () => {
    const drained = { drained: { who: "ann", why: "kernel" } };
    api.nodes = [{ ...nodeOf("alpha"), ...drained, attempts: 2 }];
    const now = await redline("node", "drain", "alpha", "--why", "new kernel");
    expect([now.code, now.out]).toEqual([
      EXIT.done,
      expect.stringContaining("alpha is draining: 2 attempts run there"),
    ]);
    const looked = api.nodes;
    const states = [
      { ...nodeOf("alpha", { slotsInUse: 1 }), ...drained, attempts: 1 },
      { ...nodeOf("alpha", { slotsInUse: 1 }), ...drained, attempts: 0 },
      { ...nodeOf("alpha"), ...drained, attempts: 0 },
    ];
    Object.defineProperty(api, "nodes", { get: () => [states.length > 1 ? states.shift() : states[0]] });
    const waited = await redline("node", "drain", "alpha", "--why", "new kernel", "--wait");
    Object.defineProperty(api, "nodes", { value: looked, writable: true });
    expect(waited.out).toMatch(/^alpha is drained: nothing runs there, after /);
    expect(waited.err).toContain("1 attempt runs on alpha");
    expect(waited.err).toContain("alpha tears down");
    const back = await redline("node", "undrain", "alpha", "--why", "done");
    expect([back.code, back.out]).toEqual([EXIT.done, "alpha is back in service\n"]);
    expect(orders).toEqual(["/api/nodes/alpha/drain", "/api/nodes/alpha/drain", "/api/nodes/alpha/undrain"]);
  });

  it("wants a name and a reason", async () => {
    expect((await redline("node", "drain", "alpha")).code).toBe(EXIT.usage);
    const bad = await redline("node", "drain", "A\u001b[2J", "--why", "x");
    expect([bad.code, bad.err]).toEqual([EXIT.usage, expect.stringContaining("is no name of a node")]);
    expect(bad.err).not.toContain("\u001b");
    expect(orders).toEqual([]);
  });

  it("shows in the list who drained a node and why, and which node speaks another version", async () => {
    api.nodes = [
      { ...nodeOf("alpha"), drained: { who: "ann", why: "kernel\u001b[2J" }, attempts: 1 },
      { ...nodeOf("beta"), drained: { who: "ann", why: "disk" }, attempts: 0 },
      nodeOf("gamma"),
    ];
    const why = "the coordinator speaks protocol 1 and the node daemon of gamma 2: upgrade the coordinator";
    api.otherVersions = [{ node: "gamma", protocol: 2, why, ageMs: 400 }];
    const { out } = await redline("node", "list");
    expect(out).toMatch(/^alpha +draining/m);
    expect(out).toMatch(/^beta +drained/m);
    expect(out).toMatch(/^gamma +other version/m);
    expect(out).toContain(
      "  alpha: drained by ann: kernel; attempts that still run: 1; `redline node undrain alpha",
    );
    expect(out).toContain(`  gamma: speaks another version, and takes no work (heard 400 ms ago): ${why}`);
  });
});
