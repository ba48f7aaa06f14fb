import type { AttemptView, NodeId, TrialView } from "@redline/shared";
import { hasLeft, nodesOf } from "./attempt-facts.ts";
import type { JudgeClock } from "./attempt-judge.ts";

type LeavingClock = Pick<JudgeClock, "nowMs" | "wallMs" | "since">;

/**
 * Slots given away and not got back: one on each node of an active attempt, and on each node of an ended one
 * until that node has closed its part or `releaseMs` have gone by since the end was seen.
 */
export function heldSlots(
  trials: Iterable<TrialView>,
  clock: LeavingClock,
  releaseMs: number,
): Map<NodeId, number> {
  const held = new Map<NodeId, number>();
  for (const trial of trials)
    for (const attempt of trial.attempts)
      for (const node of nodesOf(attempt))
        if (attempt.endedAt === null || stillLeaving(trial, attempt, node, clock, releaseMs))
          held.set(node, (held.get(node) ?? 0) + 1);
  return held;
}

/** Whether any node of the trial's attempts may still hold a slot for it. */
export const isLeaving = (trial: TrialView, clock: LeavingClock, releaseMs: number): boolean =>
  trial.attempts.some((attempt) =>
    nodesOf(attempt).some((node) => stillLeaving(trial, attempt, node, clock, releaseMs)),
  );

function stillLeaving(
  trial: TrialView,
  attempt: AttemptView,
  node: NodeId,
  clock: LeavingClock,
  releaseMs: number,
): boolean {
  if (attempt.endedAt === null || hasLeft(attempt, node)) return false;
  // Its own wall clock, for ends that a predecessor journalled: they must not get a fresh period.
  if (clock.wallMs - Date.parse(attempt.endedAt) > releaseMs) return false;
  return clock.nowMs - clock.since(`leaving ${trial.trial} ${attempt.attempt} ${node}`) <= releaseMs;
}
