import type { CoordinatorRecord } from "@redline/shared";
import { bullmqRate } from "./bullmq-rate.ts";
import { startDispatchLab } from "./dispatch-lab.ts";
import { startBenchNats } from "./fsync-nats.ts";
import { floorRate } from "./floor-rate.ts";
import { findRedis, startRedis } from "./redis.ts";
import { sealedSteps } from "./sealed-steps.ts";
import { spread, type Spread } from "./spread.ts";

/** Trials or jobs a second, one value a round. */
export interface Rates {
  readonly slots: number;
  readonly fsync: "default" | "always";
  readonly floor: Spread;
  /** The floor with the records and signatures of a trial, and nothing else of it. */
  readonly sealedFloor: Spread;
  readonly ours: Spread;
  /** Null where there is no redis-server. */
  readonly bullmq: Spread | null;
  /** Ours over the others, round by round. */
  readonly ofFloor: Spread;
  readonly ofSealedFloor: Spread;
  readonly ofBullmq: Spread | null;
}

export type RateLine = Rates | { readonly skipped: string };

/** In turns, on servers of their own, all with their data on disk. */
export async function* benchRates(options: {
  readonly rounds: number;
  /** By slots. */
  readonly trials: Readonly<Record<number, number>>;
}): AsyncGenerator<RateLine, void> {
  const redis = await findRedis();
  if ("why" in redis) yield { skipped: `BullMQ: ${redis.why}` };
  for (const fsync of ["default", "always"] as const) {
    await using nats = await startBenchNats(fsync);
    if ("skipped" in nats) {
      yield { skipped: `fsync always: ${nats.skipped}` };
      continue;
    }
    await using queue =
      "why" in redis ? null : await startRedis(redis, fsync === "default" ? "everysec" : "always");
    for (const [name, trials] of Object.entries(options.trials)) {
      const slots = Number(name);
      const [floors, sealed, ours, bulls]: [number[], number[], number[], number[]] = [[], [], [], []];
      await using lab = await startDispatchLab(nats.url, { slots, workMs: () => 0 });
      // One that does not count: connections, compiled code, files of the stores.
      await lab.run(trials);
      for (let round = 0; round < options.rounds; round += 1) {
        floors.push(await floorRate(nats.url, slots, trials));
        sealed.push(await sealedFloorRate(nats.url, slots, trials));
        ours.push(rateIn(await lab.run(trials)));
        if (queue !== null) bulls.push(await bullmqRate(queue, slots, trials));
      }
      const over = (others: readonly number[]) =>
        spread(ours.map((rate, round) => rate / (others[round] ?? Number.NaN)));
      yield {
        ...{ slots, fsync, floor: spread(floors), sealedFloor: spread(sealed), ours: spread(ours) },
        ...{ ofFloor: over(floors), ofSealedFloor: over(sealed) },
        bullmq: bulls.length === 0 ? null : spread(bulls),
        ofBullmq: bulls.length === 0 ? null : over(bulls),
      };
    }
  }
}

async function sealedFloorRate(url: string, slots: number, jobs: number): Promise<number> {
  await using steps = await sealedSteps();
  return await floorRate(url, slots, jobs, steps);
}

/** From the first placement to the last verdict, by the coordinator's clock. */
export function rateIn(records: readonly CoordinatorRecord[]): number {
  const at = (kind: string) => records.filter(({ body }) => body.kind === kind).map(({ monoMs }) => monoMs);
  const done = at("adjudicated");
  return (done.length / (Math.max(...done) - Math.min(...at("placed")))) * 1000;
}
