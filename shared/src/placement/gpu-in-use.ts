import type { Inventory } from "../messages/inventory.ts";

type Gpu = Inventory["gpus"][number];

/** An idle driver keeps some memory of a GPU for itself. */
const IDLE_MIB = 1024;
const IDLE_SHARE = 0.05;

/** Whether so much of its memory is taken that something runs on it. Of a GPU that no trial was given, that is not ours. */
export const isGpuInUse = ({ memoryUsedMiB, memoryTotalMiB }: Gpu): boolean =>
  memoryUsedMiB > IDLE_MIB || (memoryTotalMiB > 0 && memoryUsedMiB > memoryTotalMiB * IDLE_SHARE);
