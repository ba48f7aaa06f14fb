import type { Device } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import { chooseGpus, type FreeGpu } from "./choose-gpus.ts";
import type { HeldSeats } from "./demand.ts";
import { couldSeat, gpusFor } from "./fits.ts";
import type { SeatNeed } from "./seat-need.ts";

const NO_GPUS: ReadonlySet<string> = new Set();

/** What is left on one node during a look at what waits. It only ever gets less. */
export class NodeSeats {
  readonly inventory: Inventory;
  /** By name among all nodes. */
  readonly rank: number;
  slots: number;
  memoryMiB: number;
  #gpus: readonly FreeGpu[];
  /** Those that trials have now among them. */
  readonly #allGpus: readonly FreeGpu[];
  readonly #gpuMiB: number;

  constructor(inventory: Inventory, rank: number, held: HeldSeats | undefined) {
    this.inventory = inventory;
    this.rank = rank;
    this.slots = inventory.slots - (held?.slots ?? 0);
    this.memoryMiB = inventory.memoryMiB - (held?.memoryMiB ?? 0);
    const taken = held?.gpus ?? NO_GPUS;
    this.#allGpus = gpusFor(inventory, taken);
    this.#gpus = taken.size === 0 ? this.#allGpus : this.#allGpus.filter(({ uuid }) => !taken.has(uuid));
    this.#gpuMiB = inventory.gpus.reduce((sum, { memoryTotalMiB }) => sum + memoryTotalMiB, 0);
  }

  /** Whether it could take the seat if nothing ran there. */
  could(need: SeatNeed): boolean {
    return couldSeat(this.inventory, need, this.#allGpus);
  }

  /**
   * MiB of GPU memory that the seat takes, or, where it needs none, that it stands in the way of; null where there is no room now. Only for
   * what it could take. A later answer is never better than an earlier one.
   */
  waste(need: SeatNeed): number | null {
    if (this.slots < 1 || this.memoryMiB < need.memoryMiB) return null;
    if (need.gpus.length === 0) return this.#gpuMiB;
    if (this.#gpus.length === 0) return null;
    const { missing, memoryMiB } = chooseGpus(this.#gpus, need.gpus);
    return missing > 0 ? null : memoryMiB;
  }

  /** How many slots, GPUs and memories are wanted besides what is free. */
  lacks(need: SeatNeed): number {
    return (
      Number(this.slots < 1) +
      Number(this.memoryMiB < need.memoryMiB) +
      chooseGpus(this.#gpus, need.gpus).missing
    );
  }

  /** Takes the seat, or as much of it as is free. @returns GPUs of each device */
  take(need: SeatNeed): Readonly<Record<Device, readonly FreeGpu[]>> {
    this.slots = Math.max(0, this.slots - 1);
    this.memoryMiB -= need.memoryMiB;
    if (need.gpus.length === 0) return { origin: [], target: [] };
    const { of } = chooseGpus(this.#gpus, need.gpus);
    const gone = new Set([...of.origin, ...of.target]);
    if (gone.size > 0) this.#gpus = this.#gpus.filter((gpu) => !gone.has(gpu));
    return of;
  }
}
