import type { SterilityCheck } from "@redline/shared";
import { NO_BASELINE, type Comparison } from "./comparison.ts";
import { isApart } from "./node-look.ts";
import { outcome, some } from "./outcome.ts";
import { entryKey } from "./same-thing.ts";
import { isBelow } from "./trial-traces.ts";

const CANNOT_TELL = "cells have the daemon's own uid here, so these may be the user's own";

/** System V segments, semaphores and queues of the daemon's IPC namespace. Those of a cell's own end with its namespace. */
export function checkSysv({ look, before, whose }: Comparison): SterilityCheck {
  const known = new Set(before?.sysv);
  const title = ({ kind, id }: { kind: string; id: string }) => `${kind} ${id}`;
  const byUid = look.sysv.filter(({ uids }) => uids.some((uid) => whose.uids.has(uid))).map(title);
  if (whose.uids.size > 0) return outcome("sysv", byUid);
  if (before === null) return outcome("sysv", [], { cannot: NO_BASELINE });
  const own = look.sysv
    .filter((row) => row.uids.includes(look.self.uid) && !known.has(title(row)))
    .map(title);
  if (isApart(look, "ipc")) return outcome("sysv", own);
  return outcome("sysv", [], { cannot: own.length === 0 ? "" : `${CANNOT_TELL}: ${some(own)}` });
}

/** Files below /dev/shm and message queues. */
export function checkPosixShm({ look, before, whose, privatePlaces }: Comparison): SterilityCheck {
  const known = new Set(before?.sharedMemory);
  const fresh = look.sharedMemory.entries.filter((entry) => !known.has(entryKey(entry)));
  const isOurs = ({ path, uid }: { path: string; uid: number }) =>
    whose.uids.has(uid) || (before !== null && isBelow(path, privatePlaces));
  const left = look.sharedMemory.entries.filter(({ uid }) => whose.uids.has(uid));
  const all = [...new Set([...left, ...fresh.filter(isOurs)])].map(({ path }) => path);
  const doubtful =
    whose.uids.size > 0 || before === null
      ? []
      : fresh.filter((entry) => entry.uid === look.self.uid && !isOurs(entry)).map(({ path }) => path);
  const cannot = [
    ...(before === null && whose.uids.size === 0 ? [NO_BASELINE] : []),
    ...(doubtful.length === 0 ? [] : [`${CANNOT_TELL}: ${some(doubtful)}`]),
    ...(look.sharedMemory.unreadable.length === 0
      ? []
      : [`not readable: ${some(look.sharedMemory.unreadable)}`]),
    ...(look.queues
      ? []
      : ["message queues: no mqueue file system is mounted (mount -t mqueue mqueue /dev/mqueue)"]),
  ];
  return outcome("posix-shm", all, { cannot: cannot.join("; ") });
}
