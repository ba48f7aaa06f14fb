import { benchFailover } from "./failover.ts";

/** What the issue allows from a leader's death to the next one's first pulse, ms. */
const GOAL_MS = 5000;

/** Lines of the section: fail-over, node loss and drain. */
export async function* failoverLines(): AsyncGenerator<string, void> {
  yield "What a lost part costs: real coordinators and nats-server, nodes as doubles; 20 of each, p50 and the longest";
  const { failover, handOver, nodeLoss, drain, leaseMs } = await benchFailover();
  const met = Math.max(...failover) < GOAL_MS ? "met" : "NOT met";
  yield `leader killed, to the next one's first pulse   ${show(failover)} (goal: under ${GOAL_MS / 1000} s; ${met}; 2.5 s of it is the wait for the dead one)`;
  yield `leader ended in order, to the same             ${show(handOver)}`;
  yield `node lost, to its trial's start elsewhere      ${show(nodeLoss)} (lease of ${leaseMs / 1000} s is part of it)`;
  yield `drain, beyond the end of what ran there        ${show(drain)}`;
}

function show(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const p50 = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return `${(p50 / 1000).toFixed(2)} s, at most ${((sorted.at(-1) ?? Number.NaN) / 1000).toFixed(2)} s`;
}
