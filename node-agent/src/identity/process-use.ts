/** `/proc` counts in hundredths of a second on every Linux that Node runs on (USER_HZ). */
const MS_PER_TICK = 10;

/** Fields 14 and 15 of `/proc/PID/stat`, ms: user and system time of all threads since the process began. Null for other text. */
export function cpuMsOf(stat: Buffer): number | null {
  // `comm` is free text and may hold brackets: fields are counted after the last one, from field 3 on.
  const fields = stat.toString("latin1", stat.lastIndexOf(0x29) + 2).split(" ", 13);
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * MS_PER_TICK : null;
}

/** `VmRSS` of `/proc/PID/status`, bytes; 0 for a process that has no memory (a zombie). */
export function residentBytesOf(status: string): number {
  const kib = /^VmRSS:\s+(\d{1,15}) kB$/m.exec(status)?.[1];
  return kib === undefined ? 0 : Number(kib) * 1024;
}
