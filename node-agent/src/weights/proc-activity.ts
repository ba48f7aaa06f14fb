import { readProc } from "../observe/proc-file.ts";

/** Which process it is, and a text that stays the same while it does nothing. */
export interface Activity {
  readonly startTick: number;
  /** Faults, CPU time, threads and memory: opening and reading a file of weights moves at least one of them. */
  readonly trace: string;
}

/** One read of `/proc/PID/stat`; null for a process that is gone, ended, or a kernel thread (no memory). */
export function activityOf(pid: number): Activity | null {
  const bytes = readProc(`/proc/${pid}/stat`, 4096);
  if (bytes === null) return null;
  const fields = bytes.toString("latin1", bytes.lastIndexOf(0x29) + 2).split(" ", 22);
  const [state] = fields;
  const startTick = Number(fields[19]);
  if (state === undefined || state === "Z" || state === "X" || !Number.isSafeInteger(startTick)) return null;
  if (fields[20] === "0") return null;
  const [minorFaults, majorFaults, user, system, threads] = [7, 9, 11, 12, 17].map((index) => fields[index]);
  return {
    startTick,
    trace: [minorFaults, majorFaults, user, system, threads, fields[20], fields[21]].join(" "),
  };
}
