import {
  place,
  type AttemptView,
  type Demand,
  type Inventory,
  type NodeId,
  type Projection,
  type StudyId,
  type TrialView,
} from "@redline/shared";
import { ranOut, type JudgeClock } from "./attempt-judge.ts";
import { classOf, demandOf, fairOrder, firstOfEachClass } from "./waiting-order.ts";

export interface Placement {
  readonly trial: TrialView;
  readonly devices: AttemptView["devices"];
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
  readonly trials: readonly TrialView[];
  /** Inventories of nodes that were heard of just now. */
  readonly live: readonly Inventory[];
  /** The last known inventory of every node. */
  readonly known: readonly Inventory[];
  readonly held: ReadonlyMap<NodeId, number>;
  readonly clock: Pick<JudgeClock, "nowMs" | "busUpSinceMs" | "since">;
  /** How long a trial that fits no ready node waits, ms; `absentMs` where a known node may come back and fit. */
  readonly limits: { readonly unplaceableMs: number; readonly absentMs: number };
}

/** Decides which waiting trials start now and which will never start. Pure but for the clock's memory. */
export function schedule(input: ScheduleInput): Schedule {
  const { state, trials, live } = input;
  // Trials of a paused study wait for a person, however long: they are no hopeless ones.
  const waiting = trials.filter(
    (trial) => trial.state === "waiting" && state.studies.get(trial.study)?.paused === null,
  );
  if (waiting.length === 0 || live.length === 0) return { placements: [], hopeless: [] };

  const active = new Map<StudyId, number>();
  for (const { state: now, study } of trials)
    if (now !== "waiting") active.set(study, (active.get(study) ?? 0) + 1);
  const byId = new Map<string, TrialView>(waiting.map((trial) => [trial.trial, trial]));
  const demands = fairOrder(waiting, active).flatMap((trial) => {
    const study = state.studies.get(trial.study);
    return (study === undefined ? null : demandOf(study, trial)) ?? [];
  });
  const slots = live.reduce((sum, node) => sum + node.slots, 0);
  const { assignments, unplaced } = place(firstOfEachClass(demands, slots), live, input.held);

  const placements = assignments.flatMap(({ trial: id, devices }) => {
    const trial = byId.get(id);
    return trial === undefined ? [] : [{ trial, devices }];
  });
  const whyNever = new Map(unplaced.filter((u) => u.never).map((u) => [u.trial, u.why]));
  return { placements, hopeless: hopelessOf(demands, whyNever, byId, input) };
}

/** @param whyNever reason by trial; what is true of one trial is true of all of its class. */
function hopelessOf(
  demands: readonly Demand[],
  whyNever: ReadonlyMap<string, string>,
  byId: ReadonlyMap<string, TrialView>,
  { known, clock, limits }: ScheduleInput,
): Hopeless[] {
  if (whyNever.size === 0) return [];
  // A node that is silent or draining may come back, and a person may run its self-test: such trials get the longer wait.
  const rested = known.map((node) => ({ ...node, state: "ready" as const }));
  const classes = new Map<string, { why: string; limitMs: number }>();
  for (const demand of demands) {
    const why = whyNever.get(demand.trial);
    if (why === undefined || classes.has(classOf(demand))) continue;
    const mayReturn = place([{ ...demand, realModel: false }], rested, new Map()).unplaced.every(
      (u) => !u.never,
    );
    classes.set(classOf(demand), { why, limitMs: mayReturn ? limits.absentMs : limits.unplaceableMs });
  }
  return demands.flatMap((demand) => {
    const found = classes.get(classOf(demand));
    const trial = byId.get(demand.trial);
    if (found === undefined || trial === undefined) return [];
    const since = clock.since(`never ${demand.trial}`);
    return ranOut(clock, since, found.limitMs) ? [{ trial, why: found.why }] : [];
  });
}
