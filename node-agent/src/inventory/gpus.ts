import { execFile } from "node:child_process";
import { gpuSchema, type Inventory } from "@redline/shared";

export type Gpu = Inventory["gpus"][number];

const QUERY = ["--query-gpu=index,name,memory.total,memory.used,uuid", "--format=csv,noheader,nounits"];
const LIMITS = { timeout: 5000, maxBuffer: 256 * 1024, killSignal: "SIGKILL" } as const;

/** GPUs of this machine with memory in MiB; none where `nvidia-smi` is absent, fails, or takes longer than 5 s (a hung driver). */
export function readGpus(nvidiaSmi = "nvidia-smi"): Promise<Gpu[]> {
  return new Promise((resolve) => {
    execFile(nvidiaSmi, QUERY, LIMITS, (error, stdout) => resolve(error === null ? parseGpus(stdout) : []));
  });
}

/**
 * Parses the CSV: the name may hold commas, so the outer columns are counted from both ends. Lines that are no GPU
 * (driver warnings) are left out; a number that is `[N/A]` or `[Not Supported]` is 0.
 */
export function parseGpus(csv: string): Gpu[] {
  return csv.split(/\r?\n/).flatMap((line) => {
    const columns = line.split(",").map((column) => column.trim());
    if (columns.length < 5 || !/^\d+$/.test(columns[0] ?? "")) return [];
    const [total, used, uuid] = columns.slice(-3);
    const parsed = gpuSchema.safeParse({
      index: Number(columns[0]),
      model: columns.slice(1, -3).join(", ").slice(0, 120),
      memoryTotalMiB: mebibytes(total),
      memoryUsedMiB: mebibytes(used),
      uuid: uuid?.slice(0, 80),
    });
    return parsed.success && parsed.data.uuid !== "" ? [parsed.data] : [];
  });
}

function mebibytes(column: string | undefined): number {
  const value = Number(column);
  return Number.isFinite(value) ? value : 0;
}
