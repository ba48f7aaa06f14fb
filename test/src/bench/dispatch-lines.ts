import { benchEfficiency } from "./dispatch-efficiency.ts";
import { benchLatency } from "./dispatch-latency.ts";
import { benchRates, type Rates } from "./dispatch-rate.ts";
import { show, type Spread } from "./spread.ts";

const met = (yes: boolean) => (yes ? "met" : "NOT met");
const perS = ({ median, p05, p95 }: Spread) =>
  `${median.toFixed(0)}/s (${p05.toFixed(0)} to ${p95.toFixed(0)})`;
const plain = ({ median, p05, p95 }: Spread) =>
  `${median.toFixed(2)} (${p05.toFixed(2)} to ${p95.toFixed(2)})`;
const ratio = (of: Spread, goal: number) =>
  `${plain(of)} (goal: at least ${goal}; ${met(of.median >= goal)})`;

/** Trials a second by slots: about as long a run for each. */
const TRIALS = { 1: 300, 16: 1500 };
const ROUNDS = 3;
/** p50 in ms, by what the server does before it answers. */
const GOAL_MS = { default: 2, always: 5 };

export async function* dispatchLines(): AsyncGenerator<string, void> {
  yield "Dispatch to result with an empty trial: the real coordinator and its journal (fsync), a node daemon without cells (journal, fsync)";
  yield "sealed floor: the floor with as many signatures, verifications and records on disk as a trial, in one process";
  yield "floor: bare pull, start, result, ack on the same nats-server; BullMQ: the same on Redis (append-only file), one process each";
  for await (const line of benchRates({ rounds: ROUNDS, trials: TRIALS }))
    yield* "skipped" in line ? [`skipped   ${line.skipped}`] : rateLines(line);
  for (const fsync of ["default", "always"] as const) {
    const latency = await benchLatency(fsync, 60);
    if ("skipped" in latency) yield `skipped   submit to started, fsync ${fsync}: ${latency.skipped}`;
    else {
      const { toStarted, p99, rounds } = latency;
      const goal = `goal: median at most ${GOAL_MS[fsync]} ms; ${met(toStarted.median <= GOAL_MS[fsync])}`;
      yield `submit to started, fsync ${fsync}: ${show(toStarted)}, 99th percentile ${p99.toFixed(1)} ms, ${rounds} rounds (${goal})`;
    }
  }
  const { slots, trials, busy, whole } = await benchEfficiency(16, 160, 7);
  yield `efficiency, ${trials} seeded sleeps of 1 s on ${slots} slots: ${busy.toFixed(3)} while trials waited (goal: at least 0.97; ${met(busy >= 0.97)}), ${whole.toFixed(3)} to the last verdict`;
}

function* rateLines(rates: Rates): Generator<string> {
  const { slots, fsync, floor, sealedFloor, ours, bullmq, ofFloor, ofSealedFloor, ofBullmq } = rates;
  yield `${slots} ${slots === 1 ? "slot" : "slots"}, fsync ${fsync}`;
  yield `  ours    ${perS(ours)}`;
  yield `  floor   ${perS(floor)}; ours / floor  ${ratio(ofFloor, 0.5)}`;
  yield `  sealed floor ${perS(sealedFloor)}; ours / sealed floor ${plain(ofSealedFloor)}`;
  if (bullmq !== null && ofBullmq !== null)
    yield `  BullMQ  ${perS(bullmq)}; ours / BullMQ ${ratio(ofBullmq, 1)}`;
}
