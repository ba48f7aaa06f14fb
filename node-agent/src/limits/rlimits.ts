import { readFileSync } from "node:fs";
import type { CellLimits } from "../cell/cell.ts";

export interface RlimitPlan {
  readonly limits: CellLimits;
  /** Largest file, bytes: the scratch's size. */
  readonly fileBytes: number;
  /** A process's own writable memory, bytes; null where a control group holds the memory of all. */
  readonly dataBytes: number | null;
}

const MEMLOCK_KIB = 65_536;
const STACK_KIB = 65_536;
const PENDING_SIGNALS = 4_096;
const kib = (bytes: number) => Math.max(1, Math.floor(bytes / 1024));

/**
 * What init sets with bash's `ulimit` before it starts anything, each a word `-x=VALUE`. Not the address space: V8 and GPU
 * runtimes reserve far more than they use. Not lower ones than these come through: a hard limit cannot be raised.
 */
export function rlimitWords({ limits, fileBytes, dataBytes }: RlimitPlan): string[] {
  return [
    "-c=0",
    `-u=${limits.processes}`,
    `-n=${limits.openFiles}`,
    `-f=${kib(fileBytes)}`,
    `-l=${MEMLOCK_KIB}`,
    `-i=${PENDING_SIGNALS}`,
    "-q=0",
    // A main thread's stack is not part of its data.
    ...(dataBytes === null ? [] : [`-d=${kib(dataBytes)}`, `-Hs=${STACK_KIB}`]),
  ];
}

const ROWS = {
  processes: "Max processes",
  openFiles: "Max open files",
  fileSize: "Max file size",
  data: "Max data size",
  core: "Max core file size",
} as const;

/** Hard limits of a process as the kernel has them; Infinity for "unlimited". Throws ENOENT when it is gone. */
export function hardLimits(pid: number): Record<keyof typeof ROWS, number> {
  const text = readFileSync(`/proc/${pid}/limits`, "utf8");
  const hard = (row: string) => {
    const value = new RegExp(`^${row} +\\S+ +(\\S+)`, "m").exec(text)?.[1];
    return value === undefined || value === "unlimited" ? Infinity : Number(value);
  };
  return {
    processes: hard(ROWS.processes),
    openFiles: hard(ROWS.openFiles),
    fileSize: hard(ROWS.fileSize),
    data: hard(ROWS.data),
    core: hard(ROWS.core),
  };
}
