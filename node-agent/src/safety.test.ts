import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SterilityProof } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cell, CellDriver } from "./cell/cell.ts";
import { BareNode } from "./lifeline/lifeline-fixture.ts";
import { Safety } from "./safety.ts";
import { loadSettings } from "./settings.ts";
import { CellBook } from "./sterility/cell-book.ts";
import type { Sterility } from "./sterility/sterility.ts";

const clean: SterilityProof = { clean: true, checks: [], tookMs: 0 };
const soon = () => new Date(Date.now() + 1000).toISOString();
const order = { who: "op", reason: "looked", force: false };

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "redline-safety-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A node whose cells never come up: a suite waits in its first build until it is given up. */
function setup() {
  const node = new BareNode();
  const asked: string[] = [];
  const bare: CellDriver = {
    ...node.driver,
    name: "bare",
    cells: () => node.cells,
    sweepLeftovers: () => Promise.resolve([]),
    build: ({ id }, signal) =>
      new Promise<Cell>((_, reject) => {
        asked.push(id);
        const stop = () => {
          node.events.push(`gave up ${id}`);
          reject(new Error("aborted"));
        };
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop);
      }),
  };
  const driver = new CellBook(bare);
  const looks: { during: () => void } = { during: () => undefined };
  const sterility: Sterility = {
    takeBaseline: () => Promise.resolve({ node: null, gpus: [] }),
    proveSterile: () => Promise.resolve(clean),
    proveStart: () => {
      looks.during();
      return Promise.resolve(clean);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const settings = loadSettings({
    REDLINE_NODE: "alpha",
    REDLINE_STATE_DIR: dir,
    REDLINE_NATS_URLS: "nats://127.0.0.1:4222",
    REDLINE_COORDINATOR_PUB: join(dir, "coordinator.pub"),
    REDLINE_ADVERTISE: "127.0.0.1",
  });
  const safety = new Safety({
    ...{ settings, node: node.log.node, bootId: "b1", lastSelfTest: null, lastQuarantine: null },
    ...{ driver, sterility, nsenter: "/nowhere", cellsDir: dir, onChange: () => undefined },
    ...{ registry: node.registry, log: node.log, logger: node.logger },
    host: { bootId: "b1", bootTimeMs: 0, ownPid: 1, ownNetns: "", ownPidns: "" },
  });
  const suiteBuilds = async () => {
    for (let i = 0; asked.length === 0; i++) {
      if (i > 1000) throw new Error("never");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const kinds = () => node.records.map(({ body }) => body.kind);
  return { node, driver, safety, asked, looks, suiteBuilds, kinds };
}

const spec = (id: string) => ({
  ...{ id, hostname: "origin" as const, index: 0, ttlMs: 1000, scratchBytes: 1 },
  limits: { memoryBytes: 1, processes: 1, openFiles: 1 },
  ...{ authorizedKeys: [], readOnlyBinds: [], socketBinds: [], env: {}, stateDir: "/nowhere" },
});
const refused = { code: "quarantined" };

describe("a node's safety", () => {
  it.each([
    ["a kill", (safety: Safety) => safety.kills.kill("kill-signal", () => "drill")],
    ["a stop", (safety: Safety) => safety.stops.stop("drill")],
  ])("gives up the self-test that runs at %s: nothing of it is recorded or left", async (_, act) => {
    const { safety, suiteBuilds, asked, kinds } = setup();
    await safety.onSelfTest("op: x");
    await suiteBuilds();
    await act(safety);
    await safety.fitness.idle();
    expect(kinds()).not.toContain("self-test");
    expect(asked).toHaveLength(1);
    expect(readdirSync(dir).filter((name) => name.startsWith("escape-"))).toEqual([]);
  });

  it("ends with the self-test given up and gone, so that it builds no cell again for one that was emptied", async () => {
    const { safety, suiteBuilds, node, kinds } = setup();
    for (const id of ["escape-0a1b2c-agent", "t-1-o"]) node.cell(id);
    await safety.onSelfTest("op: x");
    await suiteBuilds();
    await safety.end();
    expect([safety.fitness.running, kinds()]).toEqual([false, []]);
    expect(node.events[0]).toMatch(/^gave up escape-/);
    expect(node.events.filter((event) => event.startsWith("empty"))).toEqual(["empty escape-0a1b2c-agent"]);
  });

  it("builds nothing at all after a kill, until it is cleared", async () => {
    const { safety, driver, asked } = setup();
    const { signal } = new AbortController();
    await safety.kills.kill("kill-signal", () => "drill");
    for (const id of ["t-1-o", "calibration-200", "escape-0a1b2c-agent"])
      await expect(driver.build(spec(id), signal)).rejects.toMatchObject(refused);
    expect(await safety.onSelfTest("op: x")).toMatchObject({ done: false });
    expect([asked, safety.fitness.running]).toEqual([[], false]);
    expect(await safety.onClear(order, soon())).toMatchObject({ done: true });
    expect(await safety.onSelfTest("op: x")).toMatchObject({ done: true });
    await safety.end();
  });

  it("lets a person run the self-test in a quarantine, and builds no other cell in it", async () => {
    const { safety, driver, suiteBuilds, asked } = setup();
    const { signal } = new AbortController();
    await safety.quarantine.set("found");
    const suiteCell = driver.build(spec("escape-0a1b2c-agent"), signal);
    await expect(suiteCell).rejects.toMatchObject(refused);
    await safety.onSelfTest("op: x");
    await suiteBuilds();
    await safety.quarantine.set("found more");
    expect([asked.length, safety.fitness.running]).toEqual([1, true]);
    // A trial may be named like the suite's cells.
    for (const id of ["t-1-o", "escape-1-o"])
      await expect(driver.build(spec(id), signal)).rejects.toMatchObject(refused);
    await safety.end();
  });

  it("gives up a self-test that no person ordered when the node is quarantined", async () => {
    const { safety, suiteBuilds, kinds } = setup();
    void safety.fitness.runSelfTest(new AbortController().signal);
    await suiteBuilds();
    await safety.quarantine.set("found");
    await safety.fitness.idle();
    expect(kinds()).toEqual(["quarantined"]);
  });

  it("stays quarantined when another reason comes while a clearing looks, or came since it was ordered", async () => {
    const { safety, looks } = setup();
    await safety.quarantine.set("found");
    looks.during = () => void safety.quarantine.set("found more");
    const answered = await safety.onClear(order, soon());
    expect(answered).toMatchObject({ done: false });
    expect(answered.why).toBe("quarantined again meanwhile: found more; look, and clear again");
    looks.during = () => undefined;
    const old = new Date(Date.now() - 60_000).toISOString();
    expect((await safety.onClear(order, old)).why).toMatch(
      /^quarantined again since this was ordered: found/,
    );
    expect(await safety.onClear(order, soon())).toMatchObject({ done: true });
    expect(safety.quarantine.why()).toBeNull();
    await safety.end();
  });
});
