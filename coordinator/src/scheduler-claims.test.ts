import fc from "fast-check";
import { expect, it } from "vitest";
import {
  place,
  trialIdSchema,
  type Assignment,
  type HeldSeats,
  type Needs,
  type NodeId,
  type WaitingQueue,
} from "@redline/shared";
import { inventoryOf, SHA } from "./projection-fixture.ts";
import { Claims } from "./scheduler-claims.ts";

const PATIENCE = 10;
/** No attempt runs longer, in turns. */
const LONGEST = 4;
const NODES = ["n1", "n2", "n3"].map((name) => inventoryOf(name, { slots: 2, memoryMiB: 2 }));

const device = (memoryMiB: number) => ({ labels: {}, memoryMiB });
const needs = (shape: Needs["shape"], memoryMiB: number): Needs => ({
  ...{ shape, specimenSha256: SHA, sharedWeights: false, realModel: false },
  origin: device(memoryMiB),
  target: device(memoryMiB === 2 ? 2 : 0),
});
/** All of two nodes; half of one. */
const BIG = needs("cross-device", 2);
const SMALL = needs("local-copy", 1);

interface Running {
  readonly study: string;
  readonly assignment: Assignment;
  readonly needs: Needs;
  readonly until: number;
}

/** What trials of one turn bring: small ones, by study (new ones among them) and priority, and how long what starts now runs. */
const someTurn = fc.record({
  small: fc.array(fc.nat(4), { minLength: 2, maxLength: 6 }),
  lasts: fc.array(fc.integer({ min: 1, max: LONGEST }), { minLength: 8, maxLength: 8 }),
});

it(
  "starts every big trial within a bounded time under any stream of small ones, and never gives more than there is",
  { timeout: 30_000 },
  () => {
    const input = fc.record({
      turns: fc.array(someTurn, { minLength: 70, maxLength: 70 }),
      bigs: fc.integer({ min: 1, max: 2 }),
      // A study of its own, the last in order, or in the middle of one of the small ones.
      study: fc.constantFrom("z-big", "s2"),
      priority: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(input, ({ turns, bigs, study, priority }) => {
        const claims = new Claims();
        const waiting = new Map<string, { big: boolean; study: string; order: number }>();
        const started = new Map<string, number>();
        let running: Running[] = [];
        let order = 0;
        const add = (big: boolean, of: string) => {
          order += 1;
          waiting.set(`${of}-${String(order).padStart(4, "0")}`, { big, study: of, order });
        };
        for (let i = 0; i < bigs; i += 1) add(true, study);
        turns.forEach(({ small, lasts }, now) => {
          for (const one of small) add(false, one === 4 ? `new${now}` : `s${one}`);
          running = running.filter(({ until }) => until > now);
          const held = heldBy(running);
          const queues = queuesOf(waiting, running, priority);
          const claim = claims.current(queues, NODES, held, now, PATIENCE);
          const { assignments, passed } = place({ queues, nodes: NODES, held, claim });
          claims.passed(passed, now);
          assignments.forEach((assignment, index) => {
            const trial = waiting.get(assignment.trial);
            if (trial === undefined) throw new Error(`${assignment.trial} does not wait`);
            waiting.delete(assignment.trial);
            const until = now + (lasts[index % lasts.length] ?? 1);
            running.push({ study: trial.study, assignment, needs: trial.big ? BIG : SMALL, until });
            if (trial.big) started.set(assignment.trial, now);
          });
          for (const { node, slots, memoryMiB } of NODES) {
            const now = heldBy(running).get(node);
            expect(now?.slots ?? 0).toBeLessThanOrEqual(slots);
            expect(now?.memoryMiB ?? 0).toBeLessThanOrEqual(memoryMiB);
          }
        });
        // Until its study runs no more than others, patience, and until what sits on the claimed seats is over; for each big one in turn.
        const bound = bigs * (2 * LONGEST + PATIENCE + LONGEST) + LONGEST;
        expect([...started.values()].filter((turn) => turn <= bound)).toHaveLength(bigs);
      }),
      { numRuns: 25 },
    );
  },
);

function queuesOf(
  waiting: ReadonlyMap<string, { big: boolean; study: string; order: number }>,
  running: readonly Running[],
  priority: number,
): WaitingQueue[] {
  const queues = new Map<string, WaitingQueue & { waiting: WaitingQueue["waiting"][number][] }>();
  for (const [trial, { big, study, order }] of waiting) {
    const key = `${study} ${big}`;
    const active = running.filter((one) => one.study === study).length;
    const queue = queues.get(key) ?? { study, priority, active, needs: big ? BIG : SMALL, waiting: [] };
    queue.waiting.push({ trial: trialIdSchema.parse(trial), order, avoid: new Set() });
    queues.set(key, queue);
  }
  return [...queues.values()];
}

function heldBy(running: readonly Running[]): Map<NodeId, HeldSeats> {
  const held = new Map<NodeId, HeldSeats>();
  for (const { assignment, needs: wanted } of running)
    for (const node of new Set(Object.values(assignment.devices))) {
      const before = held.get(node) ?? { slots: 0, gpus: new Set<string>(), memoryMiB: 0 };
      const memoryMiB = before.memoryMiB + (wanted === BIG ? 2 : 1);
      held.set(node, { slots: before.slots + 1, gpus: before.gpus, memoryMiB });
    }
  return held;
}

it("keeps one claim until its trial starts, but for one of a higher priority", () => {
  const claims = new Claims();
  const queue = (study: string, priority: number): WaitingQueue => ({
    ...{ study, priority, active: 0, needs: BIG },
    waiting: [{ trial: trialIdSchema.parse(`${study}-1`), order: 0, avoid: new Set() }],
  });
  const [a, b, urgent] = [queue("a", 0), queue("b", 0), queue("u", 1)];
  const current = (queues: WaitingQueue[], nowMs: number) =>
    claims.current(queues, NODES, new Map(), nowMs, PATIENCE)?.trial ?? null;
  claims.passed([trialIdSchema.parse("b-1")], 0);
  claims.passed([trialIdSchema.parse("a-1")], 1);
  claims.passed([trialIdSchema.parse("u-1")], 5);
  expect(current([a, b, urgent], 9)).toBeNull();
  expect(current([a, b, urgent], 10)).toBe("b-1");
  expect(current([a, b, urgent], 14)).toBe("b-1");
  expect(current([a, b, urgent], 15)).toBe("u-1");
  // It started, or was cancelled: the next in order of age.
  expect(current([a, b], 16)).toBe("b-1");
  expect(current([a], 17)).toBe("a-1");
  expect(current([], 18)).toBeNull();
  expect(current([a], 19)).toBeNull();
});
