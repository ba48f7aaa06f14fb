/** One process on one GPU, as `nvidia-smi` prints it. */
export interface ComputeAppRow {
  readonly gpuUuid: string;
  /** In the PID namespace of the driver: the host's. */
  readonly hostPid: number;
  /** Hostile text; empty where it was not asked for. */
  readonly name: string;
  /** Null where the driver does not tell (MIG, WDDM, insufficient rights). */
  readonly usedMiB: number | null;
}

const MOST_ROWS = 2000;
const NAME_CHARS = 200;

/**
 * Parses `--query-compute-apps=gpu_uuid,pid[,process_name],used_gpu_memory --format=csv,noheader,nounits`. A name may hold
 * commas, so the outer columns are counted from both ends. Lines of any other form (headings, driver warnings, "No running
 * processes found") are left out; a process on several GPUs or MIG instances has a line for each.
 */
export function parseComputeApps(csv: string): ComputeAppRow[] {
  const rows: ComputeAppRow[] = [];
  for (const line of csv.split(/\r?\n/)) {
    const columns = line.split(",").map((column) => column.trim());
    const [gpuUuid = "", pid = ""] = columns;
    const used = columns.at(-1) ?? "";
    if (columns.length < 3 || !/^(GPU|MIG)-[\w/-]{1,100}$/.test(gpuUuid) || !/^[1-9]\d{0,9}$/.test(pid))
      continue;
    if (!/^\d{1,9}$/.test(used) && !/^\[.*\]$/.test(used)) continue;
    const name = columns.slice(2, -1).join(", ").slice(0, NAME_CHARS);
    rows.push({ gpuUuid, hostPid: Number(pid), name, usedMiB: used.startsWith("[") ? null : Number(used) });
    if (rows.length === MOST_ROWS) break;
  }
  return rows;
}
