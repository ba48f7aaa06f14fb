import { submitSimStudies } from "../scale/sim-study.ts";
import { until } from "../kit/until.ts";
import { startDispatchLab } from "./dispatch-lab.ts";
import { startBenchNats } from "./fsync-nats.ts";
import { spread, type Spread } from "./spread.ts";

export interface Latency {
  readonly rounds: number;
  /** From the HTTP call until the node has begun, ms. */
  readonly toStarted: Spread;
  readonly p99: number;
}

/** One trial at a time, on an idle coordinator. */
export async function benchLatency(
  fsync: "default" | "always",
  rounds: number,
): Promise<Latency | { readonly skipped: string }> {
  await using nats = await startBenchNats(fsync);
  if ("skipped" in nats) return nats;
  const started = new Map<string, number>();
  await using lab = await startDispatchLab(nats.url, {
    slots: 2,
    workMs: () => 0,
    onStarted: (trial) => started.set(trial, performance.now()),
  });
  await lab.run(100);
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    started.clear();
    const began = performance.now();
    await submitSimStudies(lab.coordinator, 1);
    const [at] = await until("started", () => (started.size > 0 ? [...started.values()] : null));
    took.push((at ?? Number.NaN) - began);
    await until("node free", () => lab.node.registry.inUse === 0);
    // What closes the trial must not stand in the way of the next one.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const sorted = took.toSorted((a, b) => a - b);
  return {
    rounds,
    toStarted: spread(took),
    p99: sorted[Math.ceil(0.99 * sorted.length) - 1] ?? Number.NaN,
  };
}
