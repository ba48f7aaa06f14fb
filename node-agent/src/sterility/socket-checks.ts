import type { SterilityCheck } from "@redline/shared";
import type { Comparison } from "./comparison.ts";
import { NO_BASELINE } from "./comparison.ts";
import { outcome } from "./outcome.ts";
import { isListener, listenerKey } from "./same-thing.ts";
import { isOneOf } from "./trial-traces.ts";

/** TCP listeners of the daemon's network namespace that were not there before and are no other attempt's or the daemon's. */
export function checkListeners({ look, before, trial, others, whose }: Comparison): SterilityCheck {
  const known = new Set(before?.listeners);
  const othersAddresses = others.flatMap(({ address, listeners = [] }) => [
    { address, port: 0 },
    ...listeners,
  ]);
  const left = look.sockets.filter((row) => {
    if (row.table === "unix" || !isListener(row, look)) return false;
    const owner = whose.ofSocket(row.inode);
    if (isOneOf(row.name, trial.addresses) && !isOneOf(row.name, othersAddresses)) return true;
    if (owner === "cell" || owner === "daemon") return false;
    return owner === "trial" || (before !== null && !known.has(listenerKey(row)));
  });
  return outcome("listeners", left.map(listenerKey), { cannot: before === null ? NO_BASELINE : "" });
}

/** Sockets of the trial's uid, in its network namespaces, or held by its processes, in every namespace that a process is in. */
export function checkSockets(comparison: Comparison): SterilityCheck {
  const { look, before, others, whose } = comparison;
  const knownUnix = new Set(before?.unixListeners);
  const othersUids = new Set(others.map(({ uid }) => uid));
  const left = look.sockets.filter((row) => {
    const owner = whose.ofSocket(row.inode);
    if (whose.trialNamespaces.has(row.netns) || owner === "trial") return true;
    if (owner === "cell" || owner === "daemon") return false;
    // With the slot in use again, what nobody holds (a closed connection's rest) may be the new cell's.
    if (row.uid !== null && whose.uids.has(row.uid)) return owner !== undefined || !othersUids.has(row.uid);
    return (
      whose.strict &&
      row.table === "unix" &&
      owner === undefined &&
      isListener(row, look) &&
      !knownUnix.has(row.inode)
    );
  });
  const byUid = whose.uids.size > 0;
  return outcome(
    "sockets",
    left.map(({ table, name }) => `${table} ${name}`),
    {
      note: byUid ? "" : "cells have the daemon's own uid here: by namespace and by who holds them",
    },
  );
}
