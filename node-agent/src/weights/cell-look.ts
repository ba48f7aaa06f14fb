import { closeSync, statSync } from "node:fs";
import { listProc, readLink } from "../observe/proc-file.ts";
import type { HostFacts } from "../observe/host-facts.ts";
import type { CellScope } from "../observe/cell-scope.ts";
import { cellPids } from "./cell-pids.ts";
import { deviceText } from "./device-text.ts";
import { HeldFiles, LEAST_OTHER_BYTES } from "./held-files.ts";
import { parseMaps, type MappedFile } from "./mapped-files.ts";
import { pointAt, pointAtMapped, type ExactFile } from "./open-exact.ts";
import { activityOf } from "./proc-activity.ts";
import { readText } from "./proc-text.ts";
import type { Opening, WatchReply } from "./watch-protocol.ts";

/** Of one process; more would let an agent hold the look up. */
const MOST_FDS = 4096;
const MOST_MAPS_BYTES = 8 * 1024 * 1024;
const MOST_FILES = 10_000;
/** Openings told for one cell. */
const MOST_OPENINGS = 2000;

interface KnownProcess {
  readonly startTick: number;
  trace: string;
  /** Files already told, or turned down at this size (-1: for good). */
  readonly files: Map<string, number>;
}
const TOLD = -1;

/**
 * Looks at what the processes of a cell have open and mapped. A process that did nothing since the last look costs one read of
 * its `stat`; at a `full` look all are looked at anew. Synchronous: for a thread beside the daemon's own.
 */
export function cellLook(scope: CellScope, host: HostFacts, tell: (reply: WatchReply) => void) {
  const held = new HeldFiles(tell);
  const pids = cellPids(scope, host);
  const system = new Set<string>();
  let known = new Map<number, KnownProcess>();
  let openings = 0;

  function look(full: boolean, seen: Opening["seen"]): number {
    const now = new Map<number, KnownProcess>();
    held.startLook();
    for (const pid of pids(full)) {
      const activity = activityOf(pid);
      if (activity === null) continue;
      const before = known.get(pid);
      const same = before?.startTick === activity.startTick ? before : undefined;
      const process = same ?? { startTick: activity.startTick, trace: "", files: new Map<string, number>() };
      now.set(pid, process);
      if (!full && process.trace === activity.trace) continue;
      if (process.files.size > MOST_FILES) process.files.clear();
      lookAtMaps(pid, process, seen);
      lookAtDescriptors(pid, process, seen);
      process.trace = activity.trace;
    }
    known = now;
    return now.size;
  }

  function lookAtMaps(pid: number, process: KnownProcess, seen: Opening["seen"]) {
    const text = readText(`/proc/${pid}/maps`, MOST_MAPS_BYTES);
    for (const mapped of text === null ? [] : parseMaps(text)) {
      // As the mapping's line has it: on some file systems its device is not the one of stat.
      const key = `${mapped.device} ${mapped.inode}`;
      if (system.has(key) || process.files.get(key) === TOLD || process.files.get(`map ${key}`) === TOLD)
        continue;
      const file = pointAtMapped(pid, mapped, (stat) => `${deviceText(stat.dev)} ${stat.ino}` === key);
      if (file === null) unreachable(pid, process, mapped, seen);
      else if (settle(file, pid, process, "map", mapped.path, seen, key))
        process.files.set(`map ${key}`, TOLD);
    }
  }

  /** Told once, if it is large enough for weights and no device's memory; asked again at each look, in case it can be reached then. */
  function unreachable(pid: number, process: KnownProcess, mapped: MappedFile, seen: Opening["seen"]) {
    const { path, device, inode, bytes } = mapped;
    const ofDevice = path.startsWith("/dev/") && !path.startsWith("/dev/shm/");
    const key = `unreachable ${device} ${inode}`;
    if (ofDevice || bytes < LEAST_OTHER_BYTES || process.files.has(key)) return;
    process.files.set(key, TOLD);
    held.missed += 1;
    openings += 1;
    if (openings > MOST_OPENINGS) return;
    const owner = { bootId: host.bootId, pid, startTick: process.startTick };
    tell({ kind: "unreachable", mapping: { process: owner, seen, path, device, inode, bytes } });
  }

  function lookAtDescriptors(pid: number, process: KnownProcess, seen: Opening["seen"]) {
    const dir = `/proc/${pid}/fd`;
    for (const name of listProc(dir).slice(0, MOST_FDS)) {
      const link = readLink(`${dir}/${name}`);
      if (link === null || !link.startsWith("/") || link === "/dev/null") continue;
      let key: string;
      try {
        const stat = statSync(`${dir}/${name}`, { bigint: true });
        key = `${deviceText(stat.dev)} ${stat.ino}`;
        const last = process.files.get(key);
        if (!stat.isFile() || system.has(key) || last === TOLD || last === Number(stat.size)) continue;
      } catch {
        continue;
      }
      const file = pointAt(`${dir}/${name}`);
      if (file !== null) settle(file, pid, process, "fd", link, seen, key);
    }
  }

  /** Whether there is nothing more to find out about it. */
  function settle(
    file: ExactFile,
    pid: number,
    process: KnownProcess,
    how: Opening["how"],
    path: string,
    seen: Opening["seen"],
    systemKey: string,
  ): boolean {
    try {
      const size = Number(file.stat.size);
      const key = `${deviceText(file.stat.dev)} ${file.stat.ino}`;
      const taken = held.take(file, pid);
      if (taken === "later") return false;
      if (taken === "system") system.add(systemKey);
      if (taken === "system" || taken === "never") {
        // A descriptor's file may grow and is asked again then; a mapping of one that is no weights stays what it is.
        process.files.set(key, size);
        return true;
      }
      // Another process of the same number may have come meanwhile.
      if (activityOf(pid)?.startTick !== process.startTick) return true;
      process.files.set(key, TOLD);
      openings += 1;
      if (openings > MOST_OPENINGS) return true;
      const owner = { bootId: host.bootId, pid, startTick: process.startTick };
      const { mount } = taken;
      tell({
        kind: "opened",
        opening: { process: owner, file: taken.file.id, how, seen, path, size, mount },
      });
      return true;
    } finally {
      closeSync(file.fd);
    }
  }

  return { look, missed: () => held.missed };
}
