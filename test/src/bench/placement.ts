import { performance } from "node:perf_hooks";
import {
  inventorySchema,
  place,
  trialIdSchema,
  type Inventory,
  type Needs,
  type Placed,
  type WaitingQueue,
} from "@redline/shared";
import { spread, type Spread } from "./spread.ts";

const SHAS = ["a", "b", "c"].map((digit) => digit.repeat(64));
const ZONES = ["a", "b", "c", "d"];
const SIZES = [24_564, 81_559, 143_771];

export interface PlacementCase {
  readonly title: string;
  readonly nodes: number;
  readonly trials: number;
  readonly kinds: number;
  readonly placed: number;
  readonly ms: Spread;
  /** CPU time of the whole process, its collector of garbage among it: what stands on a machine that others use too. */
  readonly cpuMs: Spread;
}
export interface PlacementBench {
  readonly rounds: number;
  readonly cases: readonly PlacementCase[];
  /** A small case, against asking for each trial alone: the nodes looked through anew for each. */
  readonly small: {
    readonly nodes: number;
    readonly trials: number;
    readonly ours: Spread;
    readonly alone: Spread;
  };
}

/** Placement by itself, no journal and no bus: waiting trials of 20 studies with three priorities, a mix of labels, GPU needs, memory and shapes. */
export function benchPlacement({ rounds = 21 } = {}): PlacementBench {
  const nodes = Array.from({ length: 1000 }, (_, i) => nodeOf(i));
  const queues = queuesOf(10_000);
  const full = heldHalf(nodes);
  const cases = [
    measure("all nodes free", nodes, queues, new Map(), rounds),
    measure("half of the slots taken", nodes, queues, full, rounds),
    measure("no slot free", nodes, queues, heldAll(nodes), rounds),
    measure("all nodes free, ten times the trials", nodes, queuesOf(100_000), new Map(), rounds),
  ];
  return { rounds, cases, small: againstAlone(nodes.slice(0, 100), queuesOf(200), Math.min(5, rounds)) };
}

function measure(
  title: string,
  nodes: readonly Inventory[],
  queues: readonly WaitingQueue[],
  held: Parameters<typeof place>[0]["held"],
  rounds: number,
): PlacementCase {
  const times: number[] = [];
  const cpu: number[] = [];
  let placed: Placed = { assignments: [], unplaced: [], passed: [] };
  for (let round = -3; round < rounds; round += 1) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    placed = place({ queues, nodes, held });
    const [ms, { user, system }] = [performance.now() - start, process.cpuUsage(before)];
    // The first are warm-up.
    if (round < 0) continue;
    times.push(ms);
    cpu.push((user + system) / 1000);
  }
  const trials = queues.reduce((sum, { waiting }) => sum + waiting.length, 0);
  const counts = { nodes: nodes.length, trials, kinds: queues.length, placed: placed.assignments.length };
  return { title, ...counts, ms: spread(times), cpuMs: spread(cpu) };
}

/** One call for all, and one for each trial as if it were alone: what a plain loop over trials and nodes costs. In turns. */
function againstAlone(nodes: readonly Inventory[], queues: readonly WaitingQueue[], rounds: number) {
  const [ours, alone]: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    const start = performance.now();
    place({ queues, nodes, held: new Map() });
    const between = performance.now();
    for (const queue of queues)
      for (const trial of queue.waiting)
        place({ queues: [{ ...queue, waiting: [trial] }], nodes, held: new Map() });
    const end = performance.now();
    if (round < 0) continue;
    ours.push(between - start);
    alone.push(end - between);
  }
  const trials = queues.reduce((sum, { waiting }) => sum + waiting.length, 0);
  return { nodes: nodes.length, trials, ours: spread(ours), alone: spread(alone) };
}

function nodeOf(index: number): Inventory {
  const gpus = index % 3 === 0 ? 0 : index % 3 === 1 ? 2 : 8;
  const memoryTotalMiB = SIZES[index % SIZES.length] ?? 0;
  return inventorySchema.parse({
    ...{
      v: 1,
      node: `node-${index}`,
      bootId: "b",
      instance: "i",
      version: "1",
      protocols: [1],
      state: "ready",
    },
    labels: { zone: ZONES[index % ZONES.length], rack: `r${index % 40}` },
    ...{ slots: 4, slotsInUse: 0, liveCopies: 0, cpus: 64, memoryMiB: 512_000, kernel: "k", tools: {} },
    gpus: Array.from({ length: gpus }, (_, gpu) => ({
      ...{ index: gpu, model: "NVIDIA H100 80GB HBM3", memoryTotalMiB, memoryUsedMiB: 4 },
      uuid: `GPU-${index}-${gpu}`,
    })),
    specimens: SHAS.slice(0, 1 + (index % SHAS.length)).map((sha256, i) => ({ name: `s${i}`, sha256 })),
    selfTest: {
      ...{ at: "2026-01-01T00:00:00.000Z", green: index % 10 !== 9, stopped: 40, detected: 0 },
      ...{ notTested: 0, escaped: [] },
    },
  });
}

/** 20 studies of five kinds of needs each. */
function queuesOf(trials: number): WaitingQueue[] {
  const [studies, kinds] = [20, 5];
  const each = trials / studies / kinds;
  return Array.from({ length: studies * kinds }, (_, i): WaitingQueue => {
    const [study, kind] = [Math.floor(i / kinds), i % kinds];
    const waiting = Array.from({ length: each }, (_, trial) => {
      const order = trial * kinds + kind;
      return { trial: trialIdSchema.parse(`s${study}-${order}`), order, avoid: new Set<never>() };
    });
    return {
      study: `s${study}`,
      priority: study % 3,
      active: study % 7,
      needs: needsOf(study, kind),
      waiting,
    };
  });
}

function needsOf(study: number, kind: number): Needs {
  const zone = { zone: ZONES[study % ZONES.length] ?? "" };
  const shapes = ["cross-device", "local-copy", "chain", "cross-device", "cross-device"] as const;
  const gpus = { count: 1 + (study % 4), memoryMiB: 40_000, model: "h100" };
  return {
    shape: shapes[kind] ?? "cross-device",
    specimenSha256: SHAS[study % SHAS.length] ?? "",
    sharedWeights: false,
    realModel: study % 2 === 0,
    origin: { labels: kind === 3 ? zone : {}, ...(kind === 2 || kind === 4 ? { gpus } : {}) },
    target: { labels: kind === 1 ? zone : {}, ...(kind === 4 ? { gpus, memoryMiB: 64_000 } : {}) },
  };
}

const heldHalf = (nodes: readonly Inventory[]) =>
  new Map(
    nodes.map(({ node, gpus }) => {
      const taken = new Set(gpus.slice(0, gpus.length / 2).map(({ uuid }) => uuid));
      return [node, { slots: 2, gpus: taken, memoryMiB: 64_000 }];
    }),
  );
const heldAll = (nodes: readonly Inventory[]) =>
  new Map(nodes.map(({ node }) => [node, { slots: 4, gpus: new Set<string>(), memoryMiB: 0 }]));
