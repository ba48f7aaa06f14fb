import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeIdSchema, type NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { Assignment, HeldSeats, Needs, WaitingQueue, WaitingTrial } from "./demand.ts";
import { place } from "./place.ts";
import {
  gpusFixture,
  heldFixture,
  needsFixture,
  nodeFixture,
  SPECIMEN,
  waitingFixture,
} from "./placement-fixture.ts";

type Devices = Assignment["devices"];
type Gpu = Inventory["gpus"][number];
/** What the rule said plainly works on: all pairs, all ways to give GPUs. */
class Plain {
  readonly slots: Map<NodeId, number>;
  readonly memory: Map<NodeId, number>;
  readonly gpus: Map<NodeId, Gpu[]>;
  readonly nodes: readonly Inventory[];

  constructor(nodes: readonly Inventory[], held: ReadonlyMap<NodeId, HeldSeats>) {
    this.nodes = nodes.filter((n) => n.state === "ready");
    const of = (n: Inventory) => held.get(n.node) ?? heldFixture(0);
    this.slots = new Map(this.nodes.map((n) => [n.node, n.slots - of(n).slots]));
    this.memory = new Map(this.nodes.map((n) => [n.node, n.memoryMiB - of(n).memoryMiB]));
    this.gpus = new Map(
      this.nodes.map((n) => [n.node, n.gpus.filter((g) => !of(n).gpus.has(g.uuid) && g.memoryUsedMiB === 0)]),
    );
  }

  /** Least GPU memory with which a node can be all these devices; null where it cannot. */
  waste(node: Inventory, needs: readonly Needs["origin"][]): number | null {
    const memory = needs.reduce((sum, { memoryMiB }) => sum + (memoryMiB ?? 0), 0);
    if ((this.slots.get(node.node) ?? 0) < 1 || (this.memory.get(node.node) ?? 0) < memory) return null;
    const wanted = needs.flatMap(({ gpus }) => Array.from({ length: gpus?.count ?? 0 }, () => gpus));
    if (wanted.length === 0) return node.gpus.reduce((sum, gpu) => sum + gpu.memoryTotalMiB, 0);
    const ways = (at: number, left: readonly Gpu[]): number => {
      if (at === wanted.length) return 0;
      const { memoryMiB = 0, model = "" } = wanted[at] ?? {};
      const sums = left
        .filter((gpu) => gpu.memoryTotalMiB >= memoryMiB && gpu.model.includes(model))
        .map(
          (gpu) =>
            gpu.memoryTotalMiB +
            ways(
              at + 1,
              left.filter((other) => other !== gpu),
            ),
        );
      return Math.min(Infinity, ...sums);
    };
    const least = ways(0, this.gpus.get(node.node) ?? []);
    return least === Infinity ? null : least;
  }

  /** Free pairs, best first. */
  pairs(needs: Needs): { readonly devices: Devices; readonly waste: number; readonly slots: number }[] {
    const carries = (n: Inventory, labels: Readonly<Record<string, string>>) =>
      Object.entries(labels).every(([name, value]) => n.labels[name] === value);
    return this.nodes
      .flatMap((o) => this.nodes.map((t) => ({ o, t })))
      .filter(({ o, t }) => (needs.shape === "local-copy") === (o === t))
      .filter(({ o, t }) => carries(o, needs.origin.labels) && carries(t, needs.target.labels))
      .filter(({ o }) => o.specimens.some((s) => s.sha256 === needs.specimenSha256))
      .filter(({ o, t }) => !needs.realModel || (o.selfTest?.green === true && t.selfTest?.green === true))
      .flatMap(({ o, t }) => {
        const wastes =
          o === t
            ? [this.waste(o, [needs.origin, needs.target])]
            : [this.waste(o, [needs.origin]), this.waste(t, [needs.target])];
        if (wastes.includes(null)) return [];
        const both = new Set([o.node, t.node]);
        const slots = [...both].reduce((sum, name) => sum + (this.slots.get(name) ?? 0), 0);
        const waste = wastes.reduce((sum: number, one) => sum + (one ?? 0), 0);
        return [{ devices: { origin: o.node, target: t.node }, waste, slots }];
      })
      .sort(
        (a, b) =>
          a.waste - b.waste ||
          b.slots - a.slots ||
          byName(a.devices.origin, b.devices.origin) ||
          byName(a.devices.target, b.devices.target),
      );
  }

  take({ devices, gpus }: Assignment, needs: Needs): void {
    for (const node of new Set(Object.values(devices))) this.slots.set(node, (this.slots.get(node) ?? 0) - 1);
    for (const device of ["origin", "target"] as const) {
      const node = devices[device];
      this.memory.set(node, (this.memory.get(node) ?? 0) - (needs[device].memoryMiB ?? 0));
      for (const { uuid } of gpus?.[device] ?? []) {
        const free = this.gpus.get(node) ?? [];
        expect(free.map((gpu) => gpu.uuid)).toContain(uuid);
        this.gpus.set(
          node,
          free.filter((gpu) => gpu.uuid !== uuid),
        );
      }
    }
  }
}
const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The pairs that a trial may sit on: those with the fewest nodes to avoid that could ever be, and are free. */
function best(plain: Plain, whole: Plain, needs: Needs, { avoid }: WaitingTrial): Devices | null {
  const bad = ({ origin, target }: Devices) =>
    origin === target ? Number(avoid.has(origin)) : Number(avoid.has(origin)) + Number(avoid.has(target));
  const least = Math.min(3, ...whole.pairs(needs).map(({ devices }) => bad(devices)));
  return plain.pairs(needs).find(({ devices }) => bad(devices) === least)?.devices ?? null;
}

const labels = fc.constantFrom<Record<string, string>>({}, {}, { zone: "a" }, { zone: "b" });
const SELF_TEST = { at: "2026-01-01T00:00:00.000Z", stopped: 1, detected: 0, notTested: 0, escaped: [] };
const someNodes = fc.uniqueArray(fc.nat(30), { maxLength: 6 }).chain((ids) =>
  fc.tuple(
    ...ids.map((id) =>
      fc
        .record({
          state: fc.constantFrom("ready", "ready", "ready", "draining"),
          labels,
          slots: fc.integer({ min: 1, max: 3 }),
          memoryMiB: fc.constantFrom(100, 300),
          selfTest: fc.constantFrom(null, { ...SELF_TEST, green: true }, { ...SELF_TEST, green: true }),
          specimens: fc.constantFrom(
            [],
            [{ name: "tiny", sha256: SPECIMEN }],
            [{ name: "tiny", sha256: SPECIMEN }],
          ),
          gpus: fc
            .array(fc.constantFrom(16_000, 24_000, 80_000), { maxLength: 3 })
            .chain((sizes) =>
              fc
                .array(fc.constantFrom(0, 0, 0, 9000), { minLength: sizes.length, maxLength: sizes.length })
                .map((used) => gpusFixture(id, sizes, used)),
            ),
        })
        .map((more) => nodeFixture(id, more)),
    ),
  ),
);
const deviceNeed = fc.record(
  {
    labels,
    memoryMiB: fc.constantFrom(50, 200),
    gpus: fc.record(
      {
        count: fc.integer({ min: 1, max: 2 }),
        memoryMiB: fc.constantFrom(20_000, 40_000),
        model: fc.constant("H100"),
      },
      { requiredKeys: ["count"] },
    ),
  },
  { requiredKeys: ["labels"] },
);
const someNeeds = fc
  .record({
    shape: fc.constantFrom("local-copy" as const, "cross-device" as const),
    origin: deviceNeed,
    target: deviceNeed,
    realModel: fc.boolean(),
  })
  .map(needsFixture);
const someAvoid = fc
  .uniqueArray(fc.nat(30), { maxLength: 8 })
  .map((ids) => new Set(ids.map((id) => nodeIdSchema.parse(`n${id}`))));
const someQueues = fc
  .array(fc.record({ needs: someNeeds, avoids: fc.array(someAvoid, { minLength: 1, maxLength: 3 }) }), {
    maxLength: 5,
  })
  .chain((queues) =>
    fc.record({
      queues: fc.constant(queues),
      studies: fc.array(fc.nat(2), { minLength: queues.length, maxLength: queues.length }),
      priorities: fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1)),
      active: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
    }),
  )
  .map(({ queues, studies, priorities, active }) =>
    queues
      .map((queue, index): WaitingQueue => {
        const study = studies[index] ?? 0;
        return {
          study: `s${study}`,
          priority: priorities[study] ?? 0,
          active: active[study] ?? 0,
          needs: queue.needs,
          waiting: queue.avoids.map((avoid, i) => waitingFixture(`s${study}`, i * 10 + index, avoid)),
        };
      })
      .sort((a, b) => byName(a.study, b.study)),
  );
const someHeld = (nodes: readonly Inventory[], counts: readonly number[]) =>
  new Map(
    nodes.map((node, i) => {
      const count = counts[i] ?? 0;
      return [
        node.node,
        heldFixture(
          count,
          node.gpus.slice(0, count).map(({ uuid }) => uuid),
          count * 50,
        ),
      ];
    }),
  );
const heldCounts = fc.array(fc.nat(2), { minLength: 6, maxLength: 6 });

describe("placement", { timeout: 30_000 }, () => {
  it("does what the rule over all pairs says: order, pairs, GPUs, nodes to avoid, and who waits for ever", () => {
    fc.assert(
      fc.property(someNodes, someQueues, heldCounts, (nodes, queues, counts) => {
        const held = someHeld(nodes, counts);
        const { assignments, unplaced } = place({ queues, nodes, held });
        // GPUs that trials hold could serve one day; those in foreign use could not.
        const heldUuids = new Set([...held.values()].flatMap(({ gpus }) => [...gpus]));
        const ours = (gpu: Gpu) => (heldUuids.has(gpu.uuid) ? { ...gpu, memoryUsedMiB: 0 } : gpu);
        const whole = new Plain(
          nodes.map((node) => ({ ...node, gpus: node.gpus.map(ours) })),
          new Map(),
        );
        const plain = new Plain(nodes, held);
        const active = new Map(queues.map(({ study, active: count }) => [study, count]));
        const waiting = queues.flatMap((queue, index) =>
          queue.waiting.map((trial) => ({ queue, index, trial })),
        );
        const inOrder = () =>
          waiting.toSorted(
            (a, b) =>
              b.queue.priority - a.queue.priority ||
              (active.get(a.queue.study) ?? 0) - (active.get(b.queue.study) ?? 0) ||
              byName(a.queue.study, b.queue.study) ||
              a.trial.order - b.trial.order ||
              a.index - b.index,
          );
        for (const assignment of assignments) {
          const next = inOrder().find(({ queue, trial }) => best(plain, whole, queue.needs, trial) !== null);
          expect(assignment.trial).toBe(next?.trial.trial);
          if (next === undefined) return;
          expect(assignment.devices).toEqual(best(plain, whole, next.queue.needs, next.trial));
          plain.take(assignment, next.queue.needs);
          waiting.splice(waiting.indexOf(next), 1);
          active.set(next.queue.study, (active.get(next.queue.study) ?? 0) + 1);
        }
        for (const { queue, trial } of waiting) {
          expect(best(plain, whole, queue.needs, trial)).toBeNull();
          const said = unplaced.find((one) => one.study === queue.study && one.needs === queue.needs);
          expect(said?.never).toBe(whole.pairs(queue.needs).length === 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("says the same whatever the order of the nodes", () => {
    const shuffled = someNodes.chain((nodes) =>
      fc.tuple(fc.constant(nodes), fc.shuffledSubarray(nodes, { minLength: nodes.length })),
    );
    fc.assert(
      fc.property(shuffled, someQueues, heldCounts, ([nodes, others], queues, counts) => {
        const held = someHeld(nodes, counts);
        expect(place({ queues, nodes: others, held })).toEqual(place({ queues, nodes, held }));
      }),
    );
  });

  it("gives equal studies equal shares, to within one attempt", () => {
    const input = fc.record({
      studies: fc.integer({ min: 1, max: 5 }),
      slots: fc.integer({ min: 1, max: 23 }),
    });
    fc.assert(
      fc.property(input, ({ studies, slots }) => {
        const queues = Array.from({ length: studies }, (_, i): WaitingQueue => {
          const needs = needsFixture({ shape: "local-copy" });
          const waiting = Array.from({ length: 30 }, (_, order) => waitingFixture(`s${i}`, order));
          return { study: `s${i}`, priority: 0, active: 0, needs, waiting };
        });
        const { assignments } = place({ queues, nodes: [nodeFixture(0, { slots })], held: new Map() });
        const shares = queues.map((q) => assignments.filter((a) => a.trial.startsWith(`${q.study}-`)).length);
        expect(assignments).toHaveLength(slots);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("gives a claim's seats to nobody of its priority or below, and the claim's trial never fewer than all", () => {
    fc.assert(
      fc.property(someNodes, someQueues, heldCounts, fc.nat(), (nodes, queues, counts, pick) => {
        const held = someHeld(nodes, counts);
        const waiting = queues.flatMap((queue) => queue.waiting.map((trial) => ({ queue, trial })));
        const chosen = waiting[pick % Math.max(1, waiting.length)];
        const [first, second] = nodes;
        if (chosen === undefined || first === undefined || second === undefined) return;
        const { needs, priority } = chosen.queue;
        const devices = {
          origin: first.node,
          target: needs.shape === "local-copy" ? first.node : second.node,
        };
        const claim = { trial: chosen.trial.trial, devices };
        const { assignments } = place({ queues, nodes, held, claim });
        if (assignments.some(({ trial }) => trial === claim.trial)) return;
        const plain = new Plain(nodes, held);
        for (const node of plain.nodes) {
          if (!Object.values(devices).includes(node.node)) continue;
          const taken = assignments
            .filter(
              ({ trial }) => (waiting.find((w) => w.trial.trial === trial)?.queue.priority ?? 0) <= priority,
            )
            .filter((a) => Object.values(a.devices).includes(node.node));
          const free = Math.max(0, plain.slots.get(node.node) ?? 0);
          const before =
            assignments.filter((a) => Object.values(a.devices).includes(node.node)).length - taken.length;
          expect(taken.length).toBeLessThanOrEqual(Math.max(0, free - before - 1));
        }
      }),
      { numRuns: 150 },
    );
  });
});
