import {
  needsKey,
  place,
  type AttemptView,
  type HeldSeats,
  type Inventory,
  type NodeId,
  type Projection,
  type TrialView,
  type Unplaced,
  type WaitingQueue,
} from "@redline/shared";
import { ranOut, type JudgeClock } from "./attempt-judge.ts";
import { PATIENCE_MS, type Claims } from "./scheduler-claims.ts";
import { waitingQueues } from "./waiting-order.ts";

export interface Placement {
  readonly trial: TrialView;
  readonly devices: AttemptView["devices"];
  readonly gpus: AttemptView["gpus"];
}
export interface Hopeless {
  readonly trial: TrialView;
  readonly why: string;
}
export interface Schedule {
  readonly placements: readonly Placement[];
  readonly hopeless: readonly Hopeless[];
}

export interface ScheduleInput {
  readonly state: Projection;
  /** Trials that are not final. */
  readonly trials: Iterable<TrialView>;
  /** Their queues, where somebody keeps them (`queuesOfStudy`); else they are made from `trials`, at a cost for each. */
  readonly queues?: readonly WaitingQueue[];
  /** Inventories of nodes that were heard of just now. */
  readonly live: readonly Inventory[];
  /** The last known inventory of every node. */
  readonly known: readonly Inventory[];
  readonly held: ReadonlyMap<NodeId, HeldSeats>;
  /** Remembers who was passed over; one for a coordinator's life. */
  readonly claims: Claims;
  readonly clock: Pick<JudgeClock, "nowMs" | "busUpSinceMs" | "since">;
  /**
   * How long a trial that fits no ready node waits, ms; `absentMs` where a known node may come back and fit. `patienceMs`: how long a
   * study's first trial may be passed over before seats are kept for it.
   */
  readonly limits: {
    readonly unplaceableMs: number;
    readonly absentMs: number;
    readonly patienceMs?: number;
  };
}

/** Decides which waiting trials start now and which will never start. Pure but for the clock's memory and the claims'. */
export function schedule(input: ScheduleInput): Schedule {
  const { state, live, held, claims, clock, limits } = input;
  const queues = input.queues ?? waitingQueues(state, input.trials);
  if (queues.length === 0 || live.length === 0) return { placements: [], hopeless: [] };
  const nodes = live.map((node) => inService(node, state));
  const patienceMs = limits.patienceMs ?? PATIENCE_MS;
  const claim = claims.current(queues, nodes, held, clock.nowMs, patienceMs);
  const { assignments, unplaced, passed } = place({ queues, nodes, held, claim });
  claims.passed(passed, clock.nowMs);
  const placements = assignments.flatMap(({ trial: id, devices, gpus }) => {
    const trial = state.trials.get(id);
    return trial === undefined ? [] : [{ trial, devices, gpus }];
  });
  return { placements, hopeless: hopelessOf(unplaced, queues, input) };
}

/** A node that a person took out of service takes nothing new, whatever it says of itself. */
const inService = (node: Inventory, { drained }: Projection): Inventory =>
  drained.has(node.node) ? { ...node, state: "draining" } : node;

function hopelessOf(
  unplaced: readonly Unplaced[],
  queues: readonly WaitingQueue[],
  { state, known, clock, limits }: ScheduleInput,
): Hopeless[] {
  const never = unplaced.filter((one) => one.never);
  if (never.length === 0) return [];
  const classes = new Map<string, { readonly why: string; readonly limitMs: number }>();
  for (const one of never) {
    const limitMs = mayReturn(one, known) ? limits.absentMs : limits.unplaceableMs;
    classes.set(`${one.study} ${needsKey(one.needs)}`, { why: one.why, limitMs });
  }
  return queues.flatMap(({ study, needs, waiting }) => {
    const found = classes.get(`${study} ${needsKey(needs)}`);
    if (found === undefined) return [];
    return waiting.flatMap(({ trial: id }) => {
      const trial = state.trials.get(id);
      const since = clock.since(`never ${id}`);
      return trial !== undefined && ranOut(clock, since, found.limitMs) ? [{ trial, why: found.why }] : [];
    });
  });
}

/** Whether known nodes could carry it once all that passes has passed: silence, drain, a missing self-test, foreign use of a GPU. */
function mayReturn({ study, trial, needs }: Unplaced, known: readonly Inventory[]): boolean {
  const rested = known.map((node) => ({
    ...node,
    state: "ready" as const,
    slots: Math.max(1, node.slots),
    gpus: node.gpus.map((gpu) => ({ ...gpu, memoryUsedMiB: 0 })),
  }));
  const queue: WaitingQueue = {
    ...{ study, priority: 0, active: 0, needs: { ...needs, realModel: false } },
    waiting: [{ trial, order: 0, avoid: new Set() }],
  };
  return place({ queues: [queue], nodes: rested, held: new Map() }).assignments.length > 0;
}
