import { readFile } from "node:fs/promises";
import { availableParallelism, release, totalmem } from "node:os";
import type { Inventory } from "@redline/shared";
import { readGpus } from "./gpus.ts";

export type Machine = Pick<Inventory, "cpus" | "memoryMiB" | "kernel" | "gpus" | "bootId">;

/** What the machine has; memory in MiB. GPU memory in use moves, the rest does not change within a boot. */
export async function readMachine(nvidiaSmi?: string): Promise<Machine> {
  const [bootId, gpus] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    readGpus(nvidiaSmi),
  ]);
  return {
    cpus: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 1024 / 1024),
    kernel: release().slice(0, 120),
    gpus,
    bootId: bootId.trim(),
  };
}
