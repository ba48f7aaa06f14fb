import type { Device } from "../ids.ts";
import type { DeviceNeed, Needs } from "./demand.ts";
import type { GpuNeed } from "./gpu-need.ts";

/** What one node must have for the devices that it is to be: one of them, or both in a local trial. */
export interface SeatNeed {
  /** Equal for equal needs. */
  readonly key: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Null where the specimen need not be there. */
  readonly specimenSha256: string | null;
  readonly realModel: boolean;
  readonly memoryMiB: number;
  /** At most one entry a device. */
  readonly gpus: readonly { readonly device: Device; readonly need: GpuNeed }[];
}

/** Seats of a trial: origin's and target's on two nodes, or one that is both. */
export type Seats =
  | { readonly kind: "one"; readonly both: SeatNeed }
  | { readonly kind: "two"; readonly origin: SeatNeed; readonly target: SeatNeed };

export function seatsOf(needs: Needs): Seats {
  if (needs.shape === "local-copy") return { kind: "one", both: seatNeed(needs, ["origin", "target"]) };
  return { kind: "two", origin: seatNeed(needs, ["origin"]), target: seatNeed(needs, ["target"]) };
}

function seatNeed(needs: Needs, devices: readonly Device[]): SeatNeed {
  const of = devices.map((device): [Device, DeviceNeed] => [device, needs[device]]);
  const withSpecimen = devices.includes("origin") || needs.sharedWeights;
  const need: Omit<SeatNeed, "key"> = {
    // Two values for one label stay two entries: no node carries both.
    labels: of.flatMap(([, { labels }]) => Object.entries(labels)).toSorted(byText),
    specimenSha256: withSpecimen ? needs.specimenSha256 : null,
    realModel: needs.realModel,
    memoryMiB: of.reduce((sum, [, { memoryMiB }]) => sum + (memoryMiB ?? 0), 0),
    gpus: of.flatMap(([device, { gpus }]) => (gpus === undefined ? [] : [{ device, need: gpus }])),
  };
  return { ...need, key: JSON.stringify(need) };
}

const byText = (a: readonly string[], b: readonly string[]): number => {
  const [left, right] = [a.join("="), b.join("=")];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** Equal for needs that are equal. */
export const needsKey = (needs: Needs): string =>
  JSON.stringify([
    needs.shape,
    needs.specimenSha256,
    needs.sharedWeights,
    needs.realModel,
    ...[needs.origin, needs.target].map(({ labels, gpus, memoryMiB }) => [
      Object.entries(labels).toSorted(byText),
      gpus === undefined ? null : [gpus.count, gpus.memoryMiB ?? 0, gpus.model?.toLowerCase() ?? ""],
      memoryMiB ?? 0,
    ]),
  ]);
