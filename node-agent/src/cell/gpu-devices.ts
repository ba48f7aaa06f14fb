import { existsSync } from "node:fs";
import { join } from "node:path";
import { CellError } from "./cell-error.ts";

/** What every CUDA program opens besides its GPU; it gives access to no other GPU by itself. */
const SHARED = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"];

/**
 * Device files of the GPUs that were placed, and what all GPUs share as far as it is there.
 * @param folder where the host has them
 * @throws CellError "bad-spec" naming a GPU that is not there
 */
export function gpuDevices(gpus: readonly number[], folder = "/dev"): string[] {
  if (gpus.length === 0) return [];
  const placed = gpus.map((index) => join(folder, `nvidia${index}`));
  const missing = placed.filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new CellError("bad-spec", `gpus: no ${missing.join(", ")}; load the driver, or place other GPUs`);
  return [...placed, ...SHARED.map((name) => join(folder, name)).filter((path) => existsSync(path))];
}
