import type { AttemptView, HeldSeats, NodeId, Projection, StudyView, TrialView } from "@redline/shared";
import { hasLeft, nodesOf } from "./attempt-facts.ts";
import type { JudgeClock } from "./attempt-judge.ts";

type LeavingClock = Pick<JudgeClock, "nowMs" | "since" | "sinceEndMs">;

/**
 * Seats given away and not got back: on each node of an active attempt, and on each node of an ended one
 * until that node has closed its part or `releaseMs` have gone by since the end was seen. A seat is a slot, with the GPUs that
 * were given with it and the memory that the study asks for.
 */
export function heldSlots(
  trials: Iterable<TrialView>,
  clock: LeavingClock,
  releaseMs: number,
  studies?: Projection["studies"],
): Map<NodeId, HeldSeats> {
  const held = new Map<NodeId, HeldSeats>();
  for (const trial of trials)
    for (const attempt of trial.attempts)
      for (const node of nodesOf(attempt))
        // What a node has closed is free there, though its verdict is still to come.
        if (
          attempt.endedAt === null
            ? !hasLeft(attempt, node)
            : stillLeaving(trial, attempt, node, clock, releaseMs)
        )
          holdSeat(held, attempt, node, studies?.get(trial.study));
  return held;
}

/** Adds what an attempt has on one of its nodes. */
export function holdSeat(
  held: Map<NodeId, HeldSeats>,
  attempt: Pick<AttemptView, "devices" | "gpus">,
  node: NodeId,
  study: Pick<StudyView, "definition"> | undefined,
): void {
  const before = held.get(node);
  let memoryMiB = before?.memoryMiB ?? 0;
  const gpus = new Set(before?.gpus);
  for (const device of ["origin", "target"] as const) {
    if (attempt.devices[device] !== node) continue;
    memoryMiB += study?.definition.devices[device].memoryMiB ?? 0;
    for (const { uuid } of attempt.gpus?.[device] ?? []) gpus.add(uuid);
  }
  held.set(node, { slots: (before?.slots ?? 0) + 1, gpus, memoryMiB });
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
  if (attempt.endedAt === null || attempt.elsewhere === true || hasLeft(attempt, node)) return false;
  // What ended long before a predecessor's last record gets no fresh period; what ended after that gets a whole one.
  if (clock.sinceEndMs(attempt) > releaseMs) return false;
  return clock.nowMs - clock.since(`leaving ${trial.trial} ${attempt.attempt} ${node}`) <= releaseMs;
}
