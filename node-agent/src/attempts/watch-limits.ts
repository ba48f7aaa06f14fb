import type { Limits, RunEnd } from "@redline/shared";
import type { BrokerCounts } from "../brains/broker.ts";
import type { RunClock } from "./run-clock.ts";
import type { RunStop } from "./run-stop.ts";

/** What the broker has run out of, in the words of a run's end. */
export const END_OF: Readonly<Record<NonNullable<BrokerCounts["over"]>, RunEnd>> = {
  tokens: "token-limit",
  cost: "cost-limit",
  context: "context-limit",
  policy: "stopped-by-policy",
  "own-brain": "agent-error",
};

export interface WatchedRun {
  readonly limits: Limits;
  readonly counts: () => BrokerCounts;
  readonly clock: RunClock;
  /** When the stop that a notice told of is due, by `clock.agentMs`; null while none was given. */
  readonly stopDueMs: () => number | null;
  readonly stop: RunStop;
}

/** How far over its time a run may be. */
const EVERY_MS = 50;

/** Stops a run at its limits. Looks until it is disposed of; a look reads a few numbers and cannot fail. */
export function watchLimits(run: WatchedRun): Disposable {
  const timer = setInterval(() => look(run), EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** One look. */
export function look({ limits, counts, clock, stopDueMs, stop }: WatchedRun): void {
  const used = counts();
  const due = stopDueMs();
  if (clock.agentMs >= limits.timeS * 1000) stop.because("time-limit");
  else if (limits.workingS !== undefined && clock.workingMs >= limits.workingS * 1000)
    stop.because("working-limit");
  else if (due !== null && clock.agentMs >= due)
    stop.because("shut-down", "the stop that the notice told of");
  // What is done with answers of another model says nothing of the brain that was ordered.
  else if (used.changedModel !== null) stop.because("agent-error", "the brain's server changed its model");
  else if (used.over !== null) stop.because(END_OF[used.over], usedUp(used, limits));
}

/** For people: what of it was used. */
export function usedUp(
  { over, promptTokens, completionTokens, costUsd }: BrokerCounts,
  limits: Limits,
): string {
  if (over === "tokens") return `${promptTokens + completionTokens} of ${limits.tokens ?? 0} tokens`;
  if (over === "own-brain") return "the original's own model server, its brain, was ended or replaced";
  return over === "cost" ? `${costUsd ?? 0} of ${limits.costUsd ?? 0} US dollars` : "";
}
