import type { NodeLook } from "./node-look.ts";
import { entryKey, isListener, listenerKey, mountKey, processKey } from "./same-thing.ts";

/** The node before an attempt, as far as a proof compares with it. */
export interface Baseline {
  /** `pid startTick`. */
  readonly processes: readonly string[];
  readonly gpuHolders: readonly string[];
  readonly namespaces: readonly string[];
  /** `tcp 0.0.0.0 22` of the daemon's own network namespace. */
  readonly listeners: readonly string[];
  /** Inodes of listening Unix sockets there. */
  readonly unixListeners: readonly string[];
  readonly mounts: readonly string[];
  readonly sysv: readonly string[];
  /** `path inode`. */
  readonly sharedMemory: readonly string[];
  readonly openPlaces: readonly string[];
  readonly timers: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, string>>;
  readonly authorizedKeys: Readonly<Record<string, string>>;
  readonly loops: readonly string[];
}

/** Of a node on which there is nothing: against it, all that is there is new. */
export const EMPTY_BASELINE: Baseline = {
  ...{ processes: [], gpuHolders: [], namespaces: [], listeners: [], unixListeners: [], mounts: [] },
  ...{ sysv: [], sharedMemory: [], openPlaces: [], timers: {}, jobs: {}, authorizedKeys: {}, loops: [] },
};

/** Pure. */
export function baselineOf(look: NodeLook): Baseline {
  const { processes, sockets, mounts, sysv, sharedMemory, openPlaces } = look;
  const listeners = sockets.filter((row) => isListener(row, look));
  return {
    processes: processes.map(processKey),
    gpuHolders: processes.filter(({ gpu }) => gpu).map(processKey),
    namespaces: [...new Set(processes.flatMap(({ namespaces }) => namespaces))],
    listeners: listeners.filter(({ table }) => table !== "unix").map(listenerKey),
    unixListeners: listeners.filter(({ table }) => table === "unix").map(({ inode }) => inode),
    mounts: mounts.map(mountKey),
    sysv: sysv.map(({ kind, id }) => `${kind} ${id}`),
    sharedMemory: sharedMemory.entries.map(entryKey),
    openPlaces: openPlaces.entries.map(entryKey),
    timers: look.timers.digests,
    jobs: look.jobs.digests,
    authorizedKeys: look.authorizedKeys.digests,
    loops: look.loops,
  };
}
