import { inodeIn, readLink, readProc } from "./proc-file.ts";

/** What does not change while the daemon lives; read once. */
export interface HostFacts {
  readonly bootId: string;
  /** Wall time of boot, milliseconds; whole-second error. */
  readonly bootTimeMs: number;
  readonly ownPid: number;
  /** Namespace inodes of the daemon itself. */
  readonly ownNetns: string;
  readonly ownPidns: string;
}

/** Linux shows `/proc` times in hundredths of a second on every architecture Node runs on (USER_HZ). */
export const TICKS_PER_SECOND = 100;

/** @throws Error when `/proc` is not mounted or is another PID namespace's: every row would be wrong. */
export function readHostFacts(ownPid: number, nowMs: number): HostFacts {
  const bootId = readProc("/proc/sys/kernel/random/boot_id")?.toString("latin1").trim();
  const uptimeS = readProc("/proc/uptime")?.toString("latin1").split(" ")[0];
  const ownNetns = inodeIn(readLink("/proc/self/ns/net"), "net");
  const ownPidns = inodeIn(readLink("/proc/self/ns/pid"), "pid");
  if (bootId === undefined || uptimeS === undefined || ownNetns === null || ownPidns === null)
    throw new Error("/proc is not readable");
  if (readLink("/proc/self") !== String(ownPid)) throw new Error("/proc belongs to another PID namespace");
  return { bootId, bootTimeMs: nowMs - Number(uptimeS) * 1000, ownPid, ownNetns, ownPidns };
}
