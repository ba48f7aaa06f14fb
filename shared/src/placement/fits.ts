import type { Inventory } from "../messages/inventory.ts";
import { PROTOCOL } from "../messages/protocol.ts";
import { chooseGpus, type FreeGpu } from "./choose-gpus.ts";
import { isGpuInUse } from "./gpu-in-use.ts";
import type { SeatNeed } from "./seat-need.ts";

type Asked<K extends keyof SeatNeed> = Pick<SeatNeed, K>;

export function carries(node: Inventory, { labels }: Asked<"labels">): boolean {
  for (const label of labels) if (node.labels[label[0]] !== label[1]) return false;
  return true;
}

export const hasSpecimen = (node: Inventory, { specimenSha256 }: Asked<"specimenSha256">): boolean =>
  specimenSha256 === null || node.specimens.some(({ sha256 }) => sha256 === specimenSha256);

/** Whether a node may take a trial with this brain: a real model goes only where the walls were tried since the machine started. */
export const isTested = (node: Inventory, { realModel }: Asked<"realModel">): boolean =>
  !realModel || node.selfTest?.green === true;

export const speaks = (node: Inventory): boolean => node.protocols.includes(PROTOCOL);

/**
 * GPUs that trials could be given, smallest first. One that a trial has counts though it is in use; `any` counts all that are there.
 * @param held uuids
 */
export function gpusFor(node: Inventory, held: ReadonlySet<string>, any = false): FreeGpu[] {
  if (node.gpus.length === 0) return [];
  return node.gpus
    .filter((gpu) => any || !isGpuInUse(gpu) || held.has(gpu.uuid))
    .map(({ index, uuid, memoryTotalMiB, model }) => ({
      index,
      uuid,
      memoryMiB: memoryTotalMiB,
      model: model.toLowerCase(),
    }))
    .sort((a, b) => a.memoryMiB - b.memoryMiB || a.index - b.index);
}

/**
 * Whether a node could take this seat if nothing ran there.
 * @param gpus as `gpusFor` gives them
 */
export const couldSeat = (node: Inventory, need: SeatNeed, gpus: readonly FreeGpu[]): boolean =>
  node.slots > 0 &&
  speaks(node) &&
  isTested(node, need) &&
  node.memoryMiB >= need.memoryMiB &&
  hasSpecimen(node, need) &&
  carries(node, need) &&
  hasGpus(gpus, need);

/** Whether these GPUs serve all that is asked of one node. */
export const hasGpus = (gpus: readonly FreeGpu[], { gpus: needs }: Asked<"gpus">): boolean =>
  needs.length === 0 ||
  (gpus.length >= needs.reduce((sum, { need }) => sum + need.count, 0) &&
    chooseGpus(gpus, needs).missing === 0);
