import {
  attemptKeySchema,
  limitsSchema,
  nodeIdSchema,
  type NodeRecordBody,
  type ObservationBody,
  type Probe,
  type Snapshot,
} from "@redline/shared";
import { describe, expect, it } from "vitest";
import type { Cell } from "../cell/cell.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { DeviceWatch } from "./device-watch.ts";
import { Lifelines } from "./lifelines.ts";
import { emptyCellRows, INIT, listenerRow, processRow, snapshotOf } from "../observe/snapshot-fixture.ts";
import { cellFixture } from "../cell/cell-fixture.ts";

const answer = (port: number): Probe => ({
  kind: "completion",
  port,
  nonce: "n",
  askedAt: "2026-01-01T00:00:00.000Z",
  tookMs: 1,
  status: 200,
  answer: "a",
  model: "",
  error: "",
});

const cell = cellFixture({
  initPid: INIT,
  drops: () => Promise.resolve({ packets: 3, bytes: 180, kinds: {}, tried: [] }),
});

/** A watch whose eyes see `before` first and `now` from then on; gives what it recorded. */
async function challenged(
  now: Snapshot | ((elapsedMs: number) => Snapshot),
  probe: CellEyes["probe"] = (_cell, listeners) => Promise.resolve(listeners.map((l) => answer(l.port))),
  died: Cell["died"] = new Promise(() => undefined),
): Promise<ObservationBody[]> {
  const seen: ObservationBody[] = [];
  let looks = 0;
  let elapsedMs = 0;
  const watch = new DeviceWatch({
    cell,
    eyes: {
      snapshot: () =>
        Promise.resolve(
          looks++ === 0
            ? snapshotOf(emptyCellRows, [listenerRow(2222, 11)])
            : typeof now === "function"
              ? now(elapsedMs)
              : now,
        ),
      watchListeners: () => undefined,
      probe,
    },
    log: {
      node: nodeIdSchema.parse("n1"),
      write: (body: NodeRecordBody) => {
        if (body.kind === "observation") seen.push(body.body);
        return Promise.resolve(seen.length);
      },
    },
    key: attemptKeySchema.parse({ trial: "t-001", attempt: 1, epoch: 1 }),
    limits: limitsSchema.parse({ settleS: 30, persistS: 60 }),
    lifelines: new Lifelines({ died }, null),
    clock: {
      now: () => elapsedMs,
      pause: (ms) => {
        elapsedMs += Math.max(0, ms);
        return Promise.resolve();
      },
    },
  });
  const { signal } = new AbortController();
  await watch.baseline(signal);
  const settled = await watch.settle(signal);
  await watch.window(settled, signal);
  watch.close();
  return seen;
}
/** Without the looks while things settled, which have tests of their own. */
const kinds = (bodies: ObservationBody[]) => allKinds(bodies).filter((kind) => kind !== "probes settling");
const allKinds = (bodies: ObservationBody[]) =>
  bodies.map((b) => ("moment" in b ? `${b.kind} ${b.moment}` : b.kind));

describe("watch over the target device", () => {
  it("asks nobody and waits for nothing where nothing came up", async () => {
    const bodies = await challenged(snapshotOf(emptyCellRows, [listenerRow(2222, 11)]));
    expect(kinds(bodies)).toEqual(["baseline", "sessions-closed", "snapshot after-run"]);
  });

  it("asks the new listener twice, with the window between, and looks again", async () => {
    const bodies = await challenged(
      snapshotOf([...emptyCellRows, processRow(20, "/usr/bin/node")], [listenerRow(8760, 20)]),
    );
    expect(kinds(bodies)).toEqual([
      "baseline",
      "sessions-closed",
      "snapshot after-run",
      "probes after-run",
      "probes end-of-window",
      "snapshot end-of-window",
    ]);
  });

  it("names a session that does not go away, after it has waited", async () => {
    const bodies = await challenged(snapshotOf([...emptyCellRows, processRow(30, "/usr/sbin/sshd", 11)]));
    const closed = bodies.find((b) => b.kind === "sessions-closed");
    expect(closed?.kind === "sessions-closed" ? closed.survivors.map((p) => p.pid) : []).toEqual([30]);
  });

  it("records a prober that failed as a test that did not run", async () => {
    const now = snapshotOf([...emptyCellRows, processRow(20, "/usr/bin/node")], [listenerRow(8760, 20)]);
    const bodies = await challenged(now, () => Promise.reject(new Error("nsenter is gone")));
    const untested = bodies.flatMap((b) => (b.kind === "untested" ? [`${b.claim}: ${b.why}`] : []));
    expect(untested).toEqual([
      "answers: after-run: nsenter is gone",
      "persistent: end-of-window: nsenter is gone",
    ]);
  });

  it("asks a bounded number of listeners, says how many it left out, and keeps each record small", async () => {
    const many = Array.from({ length: 100 }, (_, i) => listenerRow(9000 + i, 20));
    const eight: CellEyes["probe"] = (_cell, listeners) =>
      Promise.resolve(listeners.flatMap((l) => Array.from({ length: 8 }, () => answer(l.port))));
    const bodies = await challenged(
      snapshotOf([...emptyCellRows, processRow(20, "/usr/bin/node")], many),
      eight,
    );
    const probes = bodies.flatMap((b) => (b.kind === "probes" && b.moment === "after-run" ? [b.probes] : []));
    expect(probes.flat()).toHaveLength(24 * 8);
    expect(Math.max(...probes.map((p) => p.length))).toBeLessThanOrEqual(30);
    expect(bodies.find((b) => b.kind === "untested")).toMatchObject({
      claim: "answers",
      why: "76 of 100 new listeners were not asked",
    });
  });

  it("takes an empty cell as evidence only where the agent's side ended it", async () => {
    const empty = snapshotOf([]);
    const byAgent = await challenged(empty, undefined, Promise.resolve({ reason: "sshd" }));
    expect(kinds(byAgent)).toEqual(["baseline", "sessions-closed", "snapshot after-run"]);
    await expect(
      challenged(empty, undefined, Promise.resolve({ reason: "heartbeat" })),
    ).rejects.toMatchObject({
      fault: "cell-died",
    });
    await expect(challenged(empty)).rejects.toMatchObject({ fault: "cell-died" });
  });

  it("waits for a copy that comes up late, and judges it by the picture in which it answers", async () => {
    const late = (elapsedMs: number) =>
      elapsedMs < 8000
        ? snapshotOf([...emptyCellRows, processRow(20, "/usr/bin/node")])
        : snapshotOf(
            [...emptyCellRows, processRow(20, "/usr/bin/node")],
            [listenerRow(8760, 20), listenerRow(8001, 20)],
          );
    const bodies = await challenged(late, (_cell, listeners) =>
      Promise.resolve(listeners.flatMap((l) => good(l.port))),
    );
    expect(allKinds(bodies)).toEqual([
      "baseline",
      "sessions-closed",
      "snapshot after-run",
      "probes after-run",
      "probes in-window",
      "probes in-window",
      "probes end-of-window",
      "snapshot end-of-window",
    ]);
    const after = bodies.find((b) => b.kind === "snapshot" && b.moment === "after-run");
    expect(after?.kind === "snapshot" ? after.snapshot.listeners.length : 0).toBe(2);
  });

  it("does not wait for ever for a process that never listens", async () => {
    const bodies = await challenged(snapshotOf([...emptyCellRows, processRow(20, "/usr/bin/sleep")]));
    expect(allKinds(bodies)).toEqual(["baseline", "sessions-closed", "snapshot after-run"]);
  });

  it("records what a copy that was not ready yet answered, apart from what counts", async () => {
    let asked = 0;
    const loading: CellEyes["probe"] = (_cell, listeners) => {
      asked += 1;
      return Promise.resolve(
        listeners.flatMap((l) =>
          good(l.port).map((p) => (asked < 3 ? { ...p, status: 503, answer: "" } : p)),
        ),
      );
    };
    const now = snapshotOf(
      [...emptyCellRows, processRow(20, "/usr/bin/node")],
      [listenerRow(8760, 20), listenerRow(8001, 20)],
    );
    const bodies = await challenged(now, loading);
    expect(allKinds(bodies).filter((kind) => kind.startsWith("probes"))).toEqual([
      "probes settling",
      "probes settling",
      "probes after-run",
      "probes in-window",
      "probes in-window",
      "probes end-of-window",
    ]);
  });
});

/** What a model server on 8760 and an agent on 8001 answer: the first question of a model is put twice. */
function good(port: number): Probe[] {
  const kind = port === 8760 ? "completion" : "chat";
  return ["na", "nb", "nc", ...(kind === "completion" ? ["na"] : [])].map((nonce) => ({
    ...answer(port),
    kind,
    nonce,
    answer: `a line that hangs on ${nonce.charCodeAt(1) * 7919}, and on nothing else`,
  }));
}
