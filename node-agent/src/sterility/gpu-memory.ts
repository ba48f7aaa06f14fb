import type { SterilityCheck } from "@redline/shared";
import type { Gpu } from "../inventory/gpus.ts";
import { outcome } from "./outcome.ts";
import type { LiveCell, Trial } from "./trial-traces.ts";

/** A driver keeps a little for itself from time to time. */
const SLACK_MIB = 64;

/** Memory in use of each GPU against the baseline; those of other live cells are left out. Pure. */
export function checkGpuMemory(
  before: readonly Gpu[] | null,
  now: readonly Gpu[],
  trial: Trial,
  others: readonly LiveCell[],
): SterilityCheck {
  if (before === null) return outcome("gpu-memory", [], { cannot: "no baseline to compare with" });
  const busy = new Set(others.flatMap(({ gpus }) => gpus));
  const wanted = before.filter(({ index }) => !busy.has(index) && (trial.gpus?.includes(index) ?? true));
  const lost = wanted
    .filter(({ uuid }) => !now.some((gpu) => gpu.uuid === uuid))
    .map(({ index }) => `GPU ${index}`);
  const left = wanted.flatMap((old) => {
    const used = now.find(({ uuid }) => uuid === old.uuid)?.memoryUsedMiB ?? 0;
    const more = used - old.memoryUsedMiB;
    return more > SLACK_MIB ? [`GPU ${old.index}: ${used} MiB in use, ${old.memoryUsedMiB} before`] : [];
  });
  return outcome("gpu-memory", left, {
    cannot: lost.length === 0 ? "" : `nvidia-smi says nothing of ${lost.join(", ")}`,
    note: before.length === 0 ? "no GPU here" : wanted.length === 0 ? "other attempts have the GPUs" : "",
  });
}
