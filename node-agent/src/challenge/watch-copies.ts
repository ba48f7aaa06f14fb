import type { CellEyes } from "../attempts/cell-eyes.ts";
import type { PartContext } from "../attempts/device-part.ts";
import { DeviceWatch } from "../attempts/device-watch.ts";
import type { Lifelines } from "../attempts/lifelines.ts";
import type { Cell } from "../cell/cell.ts";
import { ChallengedDevice } from "./challenged-device.ts";
import type { Instruments } from "./instruments.ts";
import { replicate } from "./replicate.ts";

export interface WatchCopiesOptions {
  readonly context: Pick<PartContext, "order" | "log" | "signal">;
  readonly cell: Cell;
  readonly eyes: CellEyes;
  readonly instruments: Instruments;
  readonly lifelines: Lifelines;
  /** The original is in this very cell. */
  readonly sameDevice: boolean;
}

/** Takes the baseline, and from then on watches the cell in which a copy may come up; gives what the challenges are asked of. */
export async function watchCopies(options: WatchCopiesOptions): Promise<ChallengedDevice> {
  const { context, cell, eyes, instruments, lifelines, sameDevice } = options;
  const { order, log, signal } = context;
  const own = { eyes, log, key: order.key, limits: order.limits, lifelines };
  const watch = new DeviceWatch({
    ...own,
    cell,
    withPidfds: (snapshot, keys) => instruments.withPidfds(snapshot, keys),
  });
  await watch.baseline(signal);
  const weightWatch = instruments.watchWeights(cell, (opened) => {
    void watch.observe({ kind: "opened", ...opened }).catch(() => undefined);
  });
  const first = { cell, watch, weightWatch, instruments, sameDevice };
  return new ChallengedDevice(first, signal, (step, copy) => replicate(own, step, copy));
}
