import type { Device, PlacedGpu, RunOrder } from "@redline/shared";

type Order = Pick<RunOrder, "devices" | "gpus">;

/** GPUs of the cell of a device; in a local trial one cell is both. */
export function placedGpus({ devices, gpus }: Order, device: Device): readonly PlacedGpu[] {
  if (gpus === undefined) return [];
  return devices.origin === devices.target ? [...gpus.origin, ...gpus.target] : gpus[device];
}

/**
 * What GPU runtimes are told in a cell, so that they take these and fail where one of them is not there. By uuid: numbers inside of
 * a cell begin anew. What a cell can open is held by its device files, not by this.
 */
export function gpuEnvironment(gpus: readonly PlacedGpu[]): Readonly<Record<string, string>> {
  if (gpus.length === 0) return {};
  const uuids = gpus.map(({ uuid }) => uuid).join(",");
  return { CUDA_VISIBLE_DEVICES: uuids, NVIDIA_VISIBLE_DEVICES: uuids };
}
