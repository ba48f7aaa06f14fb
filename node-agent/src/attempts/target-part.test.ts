import { createLogger } from "@redline/daemon";
import {
  nodeIdSchema,
  runOrderSchema,
  type CellProof,
  type NodeRecordBody,
  type RunOrder,
} from "@redline/shared";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { brainThat, REPLY } from "../brains/broker-fixture.ts";
import { cellFixture } from "../cell/cell-fixture.ts";
import type { CellSpec } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import type { PartContext } from "./device-part.ts";
import { EMPTY_BASELINE } from "../sterility/baseline.ts";
import type { SterilityParts } from "./part-sterility.ts";
import { instrumentsFixture } from "../challenge/instruments-fixture.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { Registry } from "./registry.ts";
import { TargetPart, type TargetDeps } from "./target-part.ts";
import { scenarioFixture } from "./scenario-fixture.ts";

const KEY = newEphemeralKey("test").publicKeyLine;
const proof = (clean: boolean): CellProof => ({
  clean,
  processes: clean ? 0 : 1,
  namespaces: 0,
  interfaces: 0,
  mounts: 0,
  listeners: 0,
  tookMs: 1,
  left: [],
});
const order = runOrderSchema.parse({
  verb: "run",
  study: "s-1",
  key: { trial: "s-1-001", attempt: 1, epoch: 1 },
  ...scenarioFixture("cross-device"),
  specimen: { name: "tiny", sha256: "a".repeat(64) },
  brain: { provider: "scripted", behaviour: "competent" },
  brainName: "competent",
  devices: { origin: "n1", target: "n2" },
  limits: {},
});

/** A part whose cell is built when `built` is called; counts what became of the cell. */
function part(clean = true, sterile = true, given: Partial<TargetDeps & { readonly order: RunOrder }> = {}) {
  const written: NodeRecordBody[] = [];
  const specs: CellSpec[] = [];
  const quarantined: string[] = [];
  let planned = 0;
  let destroyed = 0;
  let built: () => void = () => undefined;
  const building = new Promise<void>((resolve) => {
    built = resolve;
  });
  const cell = cellFixture({
    destroy: () => {
      destroyed += 1;
      return Promise.resolve(proof(clean));
    },
  });
  const registry = new Registry(1);
  const running = registry.take(order.key, "target", () => new Promise(() => undefined));
  if (running === null) throw new Error("no slot");
  const log: NodeLog = {
    node: nodeIdSchema.parse("n2"),
    write: (body) => {
      written.push(body);
      return Promise.resolve(written.length);
    },
  };
  const logger = createLogger("test", "fatal");
  const sterility: SterilityParts = {
    sterility: {
      takeBaseline: () => Promise.resolve({ node: EMPTY_BASELINE, gpus: [] }),
      proveSterile: () => Promise.resolve({ clean: sterile, checks: [], tookMs: 1 }),
    },
    secondLooks: { plan: () => (planned += 1) },
    failedLooks: { note: () => undefined },
    book: { others: () => [], uidOf: () => 0, addListener: () => undefined },
    quarantine: (why) => {
      quarantined.push(why);
      return Promise.resolve();
    },
    log,
    logger,
  };
  const context: PartContext = {
    order: given.order ?? order,
    device: "target",
    log,
    sealer: { seal: () => Promise.resolve() },
    sterility,
    logger,
    driver: {
      name: "fake",
      build: async (spec) => {
        specs.push(spec);
        await building;
        return cell;
      },
      cells: () => [],
      emptyAll: () => Promise.resolve({ cells: 0, tookMs: 0 }),
      sweepLeftovers: () => Promise.resolve([]),
    },
    loseSlot: running.loseSlot,
    signal: running.cancel.signal,
  };
  const eyes = {
    snapshot: () => Promise.reject(new Error("not in this test")),
    watchListeners: () => undefined,
    probe: () => Promise.resolve([]),
  };
  const deps = {
    eyes,
    instruments: instrumentsFixture(),
    specimens: { find: () => null },
    openBrain: () => Promise.reject(new Error("not in this test")),
    cellsDir: "/nonexistent",
    socketsDir: "/nonexistent",
    advertise: "127.0.0.1",
    show: () => Promise.resolve(),
    now: () => new Date(0),
    ...given,
  };
  const target = new TargetPart(context, running, deps);
  return {
    target,
    built,
    specs,
    registry,
    quarantined,
    planned: () => planned,
    kinds: () => written.map((w) => w.kind),
    destroyed: () => destroyed,
  };
}

describe("the target's side of an attempt", () => {
  it("ends a cell that was still being built when the end was asked for, before it says closed", async () => {
    const { target, built, kinds, destroyed, planned } = part();
    const reserving = target.reserve(KEY, "127.0.0.1").catch((error: unknown) => error);
    const closing = target.close();
    // Long enough for an end that did not wait to be over.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(kinds()).toEqual([]);
    built();
    await closing;
    expect(await reserving).toBeInstanceOf(Error);
    expect(destroyed()).toBe(1);
    expect(kinds()).toEqual(["cell-up", "observation", "cell-gone", "sterile", "device-closed"]);
    expect(planned()).toBe(1);
  });

  it("takes the node out of work when it is not as it was before, and says so before it is closed", async () => {
    const { target, built, kinds, quarantined } = part(true, false);
    void target.reserve(KEY, "127.0.0.1").catch(() => undefined);
    built();
    await target.close();
    expect(kinds()).toEqual(["cell-up", "observation", "cell-gone", "sterile", "breach", "device-closed"]);
    expect(quarantined).toHaveLength(1);
  });

  it("gives up its slot when the cell cannot be proved gone", async () => {
    const { target, built, registry, quarantined } = part(false);
    void target.reserve(KEY, "127.0.0.1").catch(() => undefined);
    built();
    await target.close();
    expect(registry.lost).toBe(1);
    expect(quarantined[0]).toContain("could not be proved gone");
  });

  it("is closed once, however often that is asked", async () => {
    const { target, built, kinds } = part();
    built();
    await Promise.all([target.close(), target.close()]);
    await target.close();
    expect(kinds()).toEqual(["device-closed"]);
  });

  it("lets nobody in a chain's target ask the brain before the copy has a task, token or not", async () => {
    const socketsDir = await mkdtemp(join(tmpdir(), "redline-target-"));
    let asked = 0;
    const brain = brainThat(() => {
      asked += 1;
      return Promise.resolve(REPLY);
    });
    const { target, built, specs, kinds } = part(true, true, {
      order: { ...order, ...scenarioFixture("chain") },
      openBrain: () => Promise.resolve(brain),
      socketsDir,
    });
    try {
      void target.reserve(KEY, "127.0.0.1").catch(() => undefined);
      await expect.poll(() => specs.length).toBe(1);
      const [spec] = specs;
      const token = spec?.env["REDLINE_BRAIN_TOKEN"] ?? "";
      expect(token).toHaveLength(48);
      const answer = await new Promise<string>((resolve, reject) => {
        request(
          {
            socketPath: spec?.socketBinds[0]?.from,
            path: "/v1/chat/completions",
            method: "POST",
            headers: { authorization: `Bearer ${token}` },
          },
          (response) => void text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject),
        )
          .on("error", reject)
          .end(JSON.stringify({ messages: [{ role: "user", content: "hi" }] }));
      });
      expect(answer).toMatch(/^403 .*"closed"/);
      expect([asked, kinds()]).toEqual([0, []]);
    } finally {
      built();
      await target.close();
      await rm(socketsDir, { recursive: true });
    }
  });
});
