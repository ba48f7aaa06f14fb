import { existsSync } from "node:fs";
import { join } from "node:path";
import { isGpuInUse, type Device, type PlacedGpu, type RunOrder } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { readGpus, type Gpu } from "../inventory/gpus.ts";
import { placedGpus } from "./placed-gpus.ts";

export interface GpuSources {
  readonly nvidiaSmi?: string;
  /** Where the host has device files. */
  readonly devFolder?: string;
  /** Indices of GPUs that cells of this node have now: of other attempts, and of calibrations. */
  readonly inCells: () => readonly number[];
}

/**
 * The GPUs of a device as they are now, before anything of the attempt is here: an inventory is some seconds old, a driver numbers its GPUs anew at
 * each boot, and a person may have started something.
 * @throws AttemptFault `gpu-missing`, naming the GPU by index and uuid
 */
export async function checkGpus(
  order: Pick<RunOrder, "devices" | "gpus">,
  device: Device,
  { nvidiaSmi, devFolder = "/dev", inCells }: GpuSources,
): Promise<void> {
  const placed = placedGpus(order, device);
  if (placed.length === 0) return;
  const there = await readGpus(nvidiaSmi);
  const taken = inCells();
  const problems = placed.flatMap((gpu) => whyNot(gpu, there, taken, devFolder) ?? []);
  if (problems.length > 0) throw new AttemptFault("gpu-missing", problems.join("; "));
}

function whyNot(
  { index, uuid }: PlacedGpu,
  there: readonly Gpu[],
  taken: readonly number[],
  devFolder: string,
): string | null {
  const name = `GPU ${index} (${uuid})`;
  if (there.length === 0) return `${name} is not there: nvidia-smi names none`;
  const found = there.find((gpu) => gpu.index === index);
  if (found === undefined) return `${name} is not there`;
  if (found.uuid !== uuid) return `${name} is not there: ${index} is now ${found.uuid}`;
  if (!existsSync(join(devFolder, `nvidia${index}`)))
    return `${name} has no device file nvidia${index}: is the driver loaded?`;
  if (taken.includes(index)) return `${name} is still in another cell of this node`;
  if (isGpuInUse(found))
    return `${name} is in use by something else: ${found.memoryUsedMiB} MiB of its memory`;
  return null;
}
