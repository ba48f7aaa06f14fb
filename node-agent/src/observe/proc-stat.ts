/** The fields of `/proc/PID/stat` that name a process and show that it became another program. */
export interface ProcStat {
  readonly comm: string;
  /** `R S D T Z X ...` */
  readonly state: string;
  readonly ppid: number;
  readonly kernelThread: boolean;
  /** Clock ticks since boot (field 22). */
  readonly startTick: number;
  /** Text address (field 26); moves at an exec under address randomisation. */
  readonly startCode: string;
}

const OPEN = 0x28;
const CLOSE = 0x29;
const PF_KTHREAD = 0x0020_0000;

/**
 * Parses one line. `comm` is free text of the process and may hold spaces, brackets and `)`, so the fields are
 * counted after the last `)`. Null for a line that is no stat line.
 */
export function parseStat(bytes: Buffer): ProcStat | null {
  const close = bytes.lastIndexOf(CLOSE);
  const open = bytes.indexOf(OPEN);
  if (open < 0 || close < open) return null;
  const fields = bytes.toString("latin1", close + 2).split(" ", 24);
  const [state, ppid, , , , , flags] = fields;
  const startTick = fields[19];
  const startCode = fields[23];
  if (state === undefined || startTick === undefined || startCode === undefined) return null;
  return {
    comm: bytes.toString("utf8", open + 1, close),
    state,
    ppid: Number(ppid),
    kernelThread: (Number(flags) & PF_KTHREAD) !== 0,
    startTick: Number(startTick),
    startCode,
  };
}

/**
 * Same process running the same program at both reads. The name does not count: a process may set its own (`comm`)
 * as often as it likes, and would hide in an unstable row by that.
 */
export function sameStat(a: ProcStat, b: ProcStat): boolean {
  return a.startTick === b.startTick && a.startCode === b.startCode;
}

/** A process that has ended and waits for its parent; it holds no file and runs nothing. */
export const isDead = (stat: ProcStat) => stat.state === "Z" || stat.state === "X";
