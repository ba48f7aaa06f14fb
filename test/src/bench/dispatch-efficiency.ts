import { startDispatchLab } from "./dispatch-lab.ts";
import { startNats } from "../kit/nats.ts";
import { SeededNumbers } from "./seeded-numbers.ts";

export interface Efficiency {
  readonly slots: number;
  readonly trials: number;
  /** Useful time over slots times wall, while trials were waiting. */
  readonly busy: number;
  /** The same to the last verdict: slots that had nothing left to do are in it. */
  readonly whole: number;
}

/** Trials of 0.5 to 1.5 s of sleep, 1 s in the mean, drawn from a seed. */
export async function benchEfficiency(slots: number, trials: number, seed: number): Promise<Efficiency> {
  const numbers = new SeededNumbers(seed);
  const lengths = new Map<string, number>();
  const lengthOf = (trial: string) => {
    const known = lengths.get(trial) ?? 500 + 1000 * numbers.next();
    lengths.set(trial, known);
    return known;
  };
  const begins: { readonly at: number; readonly ms: number }[] = [];
  await using nats = await startNats();
  await using lab = await startDispatchLab(nats.url, {
    slots,
    workMs: lengthOf,
    onStarted: (trial) => begins.push({ at: performance.now(), ms: lengthOf(trial) }),
  });
  await lab.run(trials);
  const end = performance.now();
  const first = Math.min(...begins.map(({ at }) => at));
  const last = Math.max(...begins.map(({ at }) => at));
  const within = (to: number) =>
    begins.reduce((sum, { at, ms }) => sum + Math.max(0, Math.min(at + ms, to) - at), 0) /
    (slots * (to - first));
  return { slots, trials, busy: within(last), whole: within(end) };
}
