import {
  FAULTS,
  type AttemptView,
  type Device,
  type Fault,
  type NodeId,
  type TrialView,
} from "@redline/shared";
import { cappedOf, devicesToClose, dirtOf } from "./attempt-facts.ts";

/** What is to be done about an attempt now. */
export type Judgement =
  | { readonly todo: "nothing" }
  | { readonly todo: "adjudicate" }
  | { readonly todo: "invalid"; readonly fault: Fault; readonly detail: string };

/** Time as the judge sees it; monotonic milliseconds of the coordinator where nothing else is said. */
export interface JudgeClock {
  readonly nowMs: number;
  /** How long ago an attempt of an earlier term ended at the least, by that term's own clock; decides over how long it holds slots. */
  sinceEndMs(attempt: AttemptView): number;
  /** Null while the bus is down: then nothing runs out. */
  readonly busUpSinceMs: number | null;
  /** Since when a condition holds. */
  since(condition: string): number;
  /** Nodes of the lab; every node counts as one where it is not given. */
  readonly enrolled?: ReadonlySet<NodeId>;
  /** Last renewal of a lease, -Infinity when none was heard. */
  renewedMs(node: NodeId, trial: string, attempt: number): number;
}

export interface JudgeLimits {
  readonly leaseMs: number;
  readonly acceptMs: number;
  readonly evidenceWaitMs: number;
}

const NOTHING: Judgement = { todo: "nothing" };

/**
 * Judges the current attempt of a trial that is placed, running or collecting:
 *
 *     placed      not accepted in time ------------------------------> invalid node-lost
 *     running     origin, or an accepted target, silent for a lease --> invalid node-lost
 *     collecting  infra -> invalid with its fault; completed and all devices closed -> adjudicate;
 *                 records missing too long --------------------------> invalid evidence-late
 *     running and before: a node was removed from the lab ----------> invalid node-lost
 *     any         `refused`, `lost` or `part-ended` of one of its nodes -> invalid with that fault
 *
 * Where a cell of the attempt was proved unclean, `not-sterile` takes the place of every other fault; where the census ended copies
 * beyond the cap, `over-cap` does: the instrument ended what it was to measure, and another attempt would see the same.
 */
export function judgeAttempt(
  trial: TrialView,
  attempt: AttemptView,
  clock: JudgeClock,
  limits: JudgeLimits,
): Judgement {
  const judgement = judgeByState(trial, attempt, clock, limits);
  const dirt = dirtOf(attempt);
  if (judgement.todo !== "invalid") return judgement;
  const capped = cappedOf(attempt);
  if (dirt.length === 0)
    return capped.length === 0
      ? judgement
      : invalid("over-cap", `${capped.join("; ")}; besides: ${judgement.fault}: ${judgement.detail}`);
  return invalid("not-sterile", `${dirt.join("; ")}; besides: ${judgement.fault}: ${judgement.detail}`);
}

function judgeByState(
  trial: TrialView,
  attempt: AttemptView,
  clock: JudgeClock,
  limits: JudgeLimits,
): Judgement {
  const { refused, lost, partEnded } = attempt;
  if (refused !== null) return invalid(refused.fault, `${refused.node} refused: ${refused.why}`);
  if (clock.enrolled !== undefined)
    for (const [device, node] of Object.entries(attempt.devices))
      if (!clock.enrolled.has(node) && trial.state !== "collecting")
        return invalid("node-lost", `${node} (${device}) was removed from the lab`);
  if (lost !== null) return invalid("node-restarted", `${lost.node}: ${lost.detail}`);
  // In an ordinary end the target closes first, as its origin asks: that it closed says nothing, that it ended unasked does.
  if (partEnded !== null)
    return invalid(partEnded.fault, `${partEnded.node} ended its part: ${partEnded.detail}`);
  switch (trial.state) {
    case "placed":
      return judgePlaced(trial, attempt, clock, limits);
    case "running":
      return judgeRunning(trial, attempt, clock, limits);
    case "collecting":
      return judgeCollecting(trial, attempt, clock, limits);
    default:
      return NOTHING;
  }
}

function judgePlaced(
  trial: TrialView,
  attempt: AttemptView,
  clock: JudgeClock,
  limits: JudgeLimits,
): Judgement {
  const since = clock.since(`placed ${trial.trial} ${attempt.attempt}`);
  return ranOut(clock, since, limits.acceptMs)
    ? invalid(
        "node-lost",
        `${attempt.devices.origin} did not accept the attempt within ${seconds(limits.acceptMs)}`,
      )
    : NOTHING;
}

function judgeRunning(
  trial: TrialView,
  attempt: AttemptView,
  clock: JudgeClock,
  limits: JudgeLimits,
): Judgement {
  const { accepted } = attempt;
  const devices: Device[] = ["origin", "target"];
  for (const device of devices) {
    if (!accepted.has(device) || attempt.closed.has(device)) continue;
    const node = attempt.devices[device];
    const since = clock.since(`running ${trial.trial} ${attempt.attempt} ${device}`);
    const last = Math.max(since, clock.renewedMs(node, trial.trial, attempt.attempt));
    if (ranOut(clock, last, limits.leaseMs))
      return invalid(
        "node-lost",
        `${node} (${device}) has not renewed its lease for ${seconds(limits.leaseMs)}`,
      );
  }
  return NOTHING;
}

function judgeCollecting(
  trial: TrialView,
  attempt: AttemptView,
  clock: JudgeClock,
  limits: JudgeLimits,
): Judgement {
  if (attempt.outcome === "infra") return invalid(attempt.fault ?? "unexpected", attempt.detail);
  // The coordinator's own cancel has made the trial final before: this one came from the node.
  if (attempt.outcome === "cancelled")
    return invalid(attempt.fault ?? "node-draining", attempt.detail || "the node cancelled the attempt");
  const missing = devicesToClose(attempt).filter((device) => !attempt.closed.has(device));
  if (missing.length === 0) return { todo: "adjudicate" };
  const since = clock.since(`collecting ${trial.trial} ${attempt.attempt}`);
  return ranOut(clock, since, limits.evidenceWaitMs)
    ? invalid(
        "evidence-late",
        `no last record of ${missing.map((d) => `${attempt.devices[d]} (${d})`).join(" and ")} within ${seconds(limits.evidenceWaitMs)}`,
      )
    : NOTHING;
}

/** Time counts only while the bus is up; after it returns, everything gets one full period. */
export function ranOut(
  clock: Pick<JudgeClock, "nowMs" | "busUpSinceMs">,
  sinceMs: number,
  limitMs: number,
): boolean {
  if (clock.busUpSinceMs === null) return false;
  return clock.nowMs - Math.max(sinceMs, clock.busUpSinceMs) > limitMs;
}

/** Whether another attempt follows: the fault table says it can help, and the study allows one more. */
export const mayRetry = (fault: Fault, attempt: AttemptView, maxAttempts: number): boolean =>
  FAULTS[fault].retry && attempt.attempt < maxAttempts;

const invalid = (fault: Fault, detail: string): Judgement => ({
  todo: "invalid",
  fault,
  detail: detail.slice(0, 1000),
});
const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
