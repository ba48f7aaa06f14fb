import type { Device } from "../ids.ts";
import type { PlacedGpu } from "./gpu-need.ts";
import type { SeatNeed } from "./seat-need.ts";

/** A GPU that can be given away. */
export interface FreeGpu extends PlacedGpu {
  readonly memoryMiB: number;
  /** In lower case. */
  readonly model: string;
}

export interface ChosenGpus {
  readonly of: Readonly<Record<Device, readonly FreeGpu[]>>;
  /** Sum of their memory: the less, the better they fit. */
  readonly memoryMiB: number;
  /** GPUs that are wanted besides. */
  readonly missing: number;
}

/**
 * The GPUs with the least memory that serve all that is asked of one node, or as many of it as there are. Exact for two devices
 * with different needs: which GPUs can be given to them together is a matroid, for which taking the smallest first is best.
 * @param free smallest first
 */
export function chooseGpus(free: readonly FreeGpu[], needs: SeatNeed["gpus"]): ChosenGpus {
  const [first, second] = needs;
  const [a, b] = [first?.need.count ?? 0, second?.need.count ?? 0];
  const onlyFirst: FreeGpu[] = [];
  const onlySecond: FreeGpu[] = [];
  const either: FreeGpu[] = [];
  let memoryMiB = 0;
  let taken = 0;
  const models: Models = [first?.need.model?.toLowerCase(), second?.need.model?.toLowerCase()];
  for (const gpu of free) {
    if (taken === a + b) break;
    const forFirst = suits(gpu, first, models[0]);
    const forSecond = suits(gpu, second, models[1]);
    if (forFirst && forSecond) either.push(gpu);
    else if (forFirst && onlyFirst.length < a) onlyFirst.push(gpu);
    else if (forSecond && onlySecond.length < b) onlySecond.push(gpu);
    else continue;
    taken += 1;
    memoryMiB += gpu.memoryMiB;
  }
  const share = either.slice(0, a - onlyFirst.length);
  const of = { origin: NONE, target: NONE };
  if (first !== undefined) of[first.device] = [...onlyFirst, ...share];
  if (second !== undefined) of[second.device] = [...onlySecond, ...either.slice(share.length)];
  return { of, memoryMiB, missing: a + b - taken };
}
const NONE: readonly FreeGpu[] = [];

type Models = readonly [string | undefined, string | undefined];

const suits = (
  gpu: FreeGpu,
  wanted: SeatNeed["gpus"][number] | undefined,
  model: string | undefined,
): boolean =>
  wanted !== undefined &&
  gpu.memoryMiB >= (wanted.need.memoryMiB ?? 0) &&
  (model === undefined || gpu.model.includes(model));
