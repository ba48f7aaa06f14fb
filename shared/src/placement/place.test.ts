import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeIdSchema, type NodeId } from "../ids.ts";
import { inventorySchema, type Inventory } from "../messages/inventory.ts";
import type { Demand } from "./demand.ts";
import { place, type Assignment } from "./place.ts";

const SHA = "a".repeat(64);

function nodeOf(index: number, more: Partial<Record<keyof Inventory, unknown>> = {}): Inventory {
  return inventorySchema.parse({
    v: 1,
    node: `n${index}`,
    bootId: "b",
    instance: "i",
    version: "1",
    protocols: [1],
    state: "ready",
    labels: {},
    slots: 4,
    slotsInUse: 0,
    liveCopies: 0,
    cpus: 1,
    memoryMiB: 1,
    gpus: [],
    specimens: [{ name: "tiny", sha256: SHA }],
    kernel: "k",
    tools: {},
    ...more,
  });
}

const demandOf = (index: number, more: Partial<Demand> = {}): Demand => ({
  trial: `t${index}`,
  shape: "cross-device",
  specimenSha256: SHA,
  originLabels: {},
  targetLabels: {},
  realModel: false,
  avoid: new Set(),
  ...more,
});
const SELF_TEST = { at: "2026-01-01T00:00:00.000Z", stopped: 40, detected: 2, notTested: 1 };
const GREEN: NonNullable<Inventory["selfTest"]> = { ...SELF_TEST, green: true, escaped: [] };
const RED = { ...SELF_TEST, green: false, escaped: ["cron"] };

/** The rule said plainly, over all pairs: the answer of each demand, `busy` or `never`. */
function reference(
  demands: readonly Demand[],
  nodes: readonly Inventory[],
  held: ReadonlyMap<NodeId, number>,
): (Assignment["devices"] | "busy" | "never")[] {
  const free = new Map(nodes.map((n) => [n.node, n.slots - (held.get(n.node) ?? 0)]));
  const left = (node: NodeId) => free.get(node) ?? 0;
  return demands.map((demand) => {
    const fits = (n: Inventory, labels: Readonly<Record<string, string>>) =>
      n.state === "ready" &&
      (!demand.realModel || n.selfTest?.green === true) &&
      Object.entries(labels).every(([name, value]) => n.labels[name] === value);
    const pairs = nodes
      .flatMap((o) => nodes.map((t) => ({ o, t })))
      .filter(({ o, t }) => (demand.shape === "local-copy") === (o.node === t.node))
      .filter(({ o, t }) => fits(o, demand.originLabels) && fits(t, demand.targetLabels))
      .filter(({ o }) => o.specimens.some((s) => s.sha256 === demand.specimenSha256))
      .map(({ o, t }) => ({ origin: o.node, target: t.node }));
    if (pairs.length === 0) return "never";
    const avoided = ({ origin, target }: Assignment["devices"]) =>
      Number(demand.avoid.has(origin)) + Number(demand.avoid.has(target));
    const [best] = pairs
      .filter(({ origin, target }) => left(origin) > 0 && left(target) > 0)
      .sort(
        (a, b) =>
          avoided(a) - avoided(b) ||
          left(b.origin) + left(b.target) - left(a.origin) - left(a.target) ||
          a.origin.localeCompare(b.origin) ||
          a.target.localeCompare(b.target),
      );
    if (best === undefined) return "busy";
    for (const node of new Set([best.origin, best.target])) free.set(node, left(node) - 1);
    return best;
  });
}

const labels = fc.constantFrom<Record<string, string>>({}, { zone: "a" }, { zone: "b" });
const someNodes = fc.uniqueArray(fc.nat(30), { maxLength: 6 }).chain((ids) =>
  fc.tuple(
    ...ids.map((id) =>
      fc
        .record({
          state: fc.constantFrom("ready", "ready", "draining"),
          labels,
          slots: fc.integer({ min: 1, max: 3 }),
          selfTest: fc.constantFrom(null, GREEN, GREEN, RED),
          specimens: fc.constantFrom([], [{ name: "tiny", sha256: SHA }], [{ name: "tiny", sha256: SHA }]),
        })
        .map((more) => nodeOf(id, more)),
    ),
  ),
);
const someDemands = fc
  .array(
    fc.record({
      shape: fc.constantFrom("local-copy" as const, "cross-device" as const),
      originLabels: labels,
      targetLabels: labels,
      realModel: fc.boolean(),
      avoid: fc.uniqueArray(fc.nat(30)).map((ids) => new Set(ids.map((id) => nodeIdSchema.parse(`n${id}`)))),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.map((more, index) => demandOf(index, more)));

describe("placement", () => {
  it("does what the rule over all pairs says", () => {
    fc.assert(
      fc.property(someNodes, someDemands, fc.nat(2), (nodes, demands, heldOfFirst) => {
        const held = new Map(nodes.slice(0, 1).map((n) => [n.node, heldOfFirst]));
        const { assignments, unplaced } = place(demands, nodes, held);
        const got = demands.map(({ trial }) => {
          const placed = assignments.find((a) => a.trial === trial);
          const not = unplaced.find((u) => u.trial === trial);
          return placed?.devices ?? (not?.never === true ? "never" : "busy");
        });
        expect(assignments.length + unplaced.length).toBe(demands.length);
        expect(got).toEqual(reference(demands, nodes, held));
      }),
      { numRuns: 500 },
    );
  });

  it("gives a real model to nodes with a green self-test only, on both sides, and says what to type", () => {
    const demand = demandOf(0, { realModel: true });
    const placeOn = (...tests: (typeof GREEN | null)[]) =>
      place(
        [demand],
        tests.map((selfTest, i) => nodeOf(i, { selfTest })),
        new Map(),
      );
    expect(placeOn(GREEN, GREEN).assignments).toHaveLength(1);
    expect(placeOn(GREEN, RED).assignments).toEqual([]);
    expect(placeOn(GREEN, null).unplaced).toEqual([
      {
        trial: "t0",
        never: true,
        why: "a brain that is not scripted needs nodes with a green containment self-test on this boot; without one: n1; run `redline node selftest n1`",
      },
    ]);
    expect(placeOn(RED, GREEN).unplaced[0]?.why).toContain("without one: n0 (red: n0);");
    // Where more than the self-test is missing, that is said first.
    expect(placeOn(null).unplaced[0]?.why).toBe(
      "origin and target must be two different nodes, and only one fits",
    );
    expect(place([demandOf(0)], [nodeOf(0), nodeOf(1)], new Map()).assignments).toHaveLength(1);
  });

  it("fills 200 nodes, looking at each node a few times for each demand", () => {
    let looks = 0;
    const nodes = Array.from({ length: 200 }, (_, i) => {
      const inventory = nodeOf(i);
      const name = inventory.node;
      return Object.defineProperty(inventory, "node", { get: () => ((looks += 1), name) });
    });
    const demands = Array.from({ length: 800 }, (_, i) => demandOf(i));
    const { assignments, unplaced } = place(demands, nodes, new Map());
    expect([assignments.length, unplaced.length]).toEqual([400, 400]);
    // All pairs would be 200 times as many.
    expect(looks).toBeLessThan(20 * 800 * 200);
    const taken = assignments.flatMap(({ devices }) => [devices.origin, devices.target]);
    for (const { node } of nodes) expect(taken.filter((name) => name === node)).toHaveLength(4);
    const local = demands.map((demand) => ({ ...demand, shape: "local-copy" as const }));
    expect(place(local, nodes, new Map()).assignments).toHaveLength(800);
  });
});
