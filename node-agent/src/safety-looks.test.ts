import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOrderSchema, type SterilityProof } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PartSterility } from "./attempts/part-sterility.ts";
import { BareNode } from "./lifeline/lifeline-fixture.ts";
import { Safety } from "./safety.ts";
import { loadSettings } from "./settings.ts";
import { EMPTY_BASELINE } from "./sterility/baseline.ts";
import { CellBook } from "./sterility/cell-book.ts";
import { outcome } from "./sterility/outcome.ts";

const CLEAN: SterilityProof = { clean: true, checks: [], tookMs: 0 };
const DIRTY: SterilityProof = { clean: false, checks: [outcome("processes", ["12 sleep"])], tookMs: 0 };
const { key } = runOrderSchema.pick({ key: true }).parse({ key: { trial: "s-1-001", attempt: 1, epoch: 1 } });
const order = { who: "op", reason: "looked", force: false };
const soon = () => new Date(Date.now() + 1000).toISOString();

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "redline-safety-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function setup(atStart: () => Promise<SterilityProof>) {
  const node = new BareNode();
  const driver = new CellBook({
    ...node.driver,
    name: "bare",
    cells: () => node.cells,
    sweepLeftovers: () => Promise.resolve([]),
    build: () => Promise.reject(new Error("no cells here")),
  });
  const walks: (boolean | undefined)[] = [];
  const now = { part: DIRTY };
  const safety = new Safety({
    settings: loadSettings({
      REDLINE_NODE: "alpha",
      REDLINE_STATE_DIR: dir,
      REDLINE_NATS_URLS: "nats://127.0.0.1:4222",
      REDLINE_COORDINATOR_PUB: join(dir, "coordinator.pub"),
      REDLINE_ADVERTISE: "127.0.0.1",
    }),
    sterility: {
      takeBaseline: () => Promise.resolve({ node: EMPTY_BASELINE, gpus: [] }),
      proveSterile: () => Promise.resolve(now.part),
      proveStart: (_, walk) => {
        walks.push(walk);
        return atStart();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    ...{ node: node.log.node, bootId: "b1", lastSelfTest: null, lastQuarantine: null },
    ...{ driver, nsenter: "/nowhere", cellsDir: dir, onChange: () => undefined },
    ...{ registry: node.registry, log: node.log, logger: node.logger },
    host: { bootId: "b1", bootTimeMs: 0, ownPid: 1, ownNetns: "", ownPidns: "" },
  });
  return { safety, walks, now };
}

describe("the look at the daemon's start", () => {
  it("is over before work is taken, and the walk is not waited for", async () => {
    let looked: (proof: SterilityProof) => void = () => undefined;
    const { safety, walks } = setup(() => new Promise((resolve) => (looked = resolve)));
    let started = false;
    const starting = safety.start().then(() => (started = true));
    while (walks.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([started, walks]).toEqual([false, [false]]);
    looked(CLEAN);
    await starting;
    expect(walks).toEqual([false, true]);
    await safety.end();
  });

  it("quarantines the node before it could take work", async () => {
    const { safety, walks } = setup(() => Promise.resolve(DIRTY));
    await safety.start();
    expect(safety.quarantine.why()).toBe("found at the daemon's start: processes: 12 sleep");
    expect(walks).toEqual([false]);
    await safety.end();
  });
});

describe("clearing a node", () => {
  it("is refused while a part's own baseline shows that something is there", async () => {
    const { safety, now } = setup(() => Promise.resolve(CLEAN));
    const part = await PartSterility.begin(safety.sterilityParts, key, "origin");
    await part.afterwards();
    const refused = await safety.onClear(order, soon());
    expect([refused.done, refused.why]).toEqual([
      false,
      expect.stringContaining("s-1-001 attempt 1, origin: processes: 12 sleep"),
    ]);
    now.part = CLEAN;
    expect(await safety.onClear(order, soon())).toMatchObject({ done: true, why: "" });
    expect(safety.quarantine.why()).toBeNull();
  });

  it("forced lets go of what a part left", async () => {
    const { safety } = setup(() => Promise.resolve(CLEAN));
    const part = await PartSterility.begin(safety.sterilityParts, key, "origin");
    await part.afterwards();
    expect((await safety.onClear({ ...order, force: true }, soon())).done).toBe(true);
    await safety.quarantine.set("something else");
    expect(await safety.onClear(order, soon())).toMatchObject({ done: true, why: "" });
  });

  it("says what could not be looked at", async () => {
    const doubt = outcome("mounts", [], { cannot: "no baseline to compare with" });
    const { safety } = setup(() => Promise.resolve({ ...CLEAN, checks: [doubt] }));
    await safety.quarantine.set("found by an earlier daemon");
    expect(await safety.onClear(order, soon())).toMatchObject({
      done: true,
      why: "the quarantine is lifted; could not be looked at: mounts (no baseline to compare with)",
    });
  });
});
