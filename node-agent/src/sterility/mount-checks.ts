import type { SterilityCheck } from "@redline/shared";
import { NO_BASELINE, type Comparison } from "./comparison.ts";
import { isApart } from "./node-look.ts";
import { outcome, some } from "./outcome.ts";
import { mountKey } from "./same-thing.ts";
import { isBelow } from "./trial-traces.ts";

/** Places where logins, container engines and packages mount of themselves at any time. */
const COMES_AND_GOES = [
  "/run/user",
  "/run/docker",
  "/run/containerd",
  "/var/lib/docker",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/run/credentials",
  "/snap",
];
/** Named network namespaces of cells come and go with other attempts too: the trial's is told by its number (`namespaces`). */
const CELL_NETWORK = /^\/(var\/)?run\/netns\/redline-/;
/** `ip netns add` mounts its folder on itself when the first cell is built. */
const NETWORK_FOLDER = /^\/(var\/)?run\/netns$/;

/** Mounts in the daemon's own mount namespace that were not there before. */
export function checkMounts({ look, before, trial, others, whose }: Comparison): SterilityCheck {
  const spare = new Map<string, number>();
  for (const name of before?.mounts ?? []) spare.set(name, (spare.get(name) ?? 0) + 1);
  const left = look.mounts.filter((row) => {
    if (isBelow(row.point, trial.paths)) return true;
    if (before === null) return others.length === 0 && CELL_NETWORK.test(row.point);
    const name = mountKey(row);
    const count = spare.get(name) ?? 0;
    if (count > 0) spare.set(name, count - 1);
    return (
      count === 0 &&
      !CELL_NETWORK.test(row.point) &&
      !NETWORK_FOLDER.test(row.point) &&
      !isBelow(row.point, COMES_AND_GOES) &&
      !whose.isOthers(row.point)
    );
  });
  return outcome("mounts", left.map(mountKey), { cannot: before === null ? NO_BASELINE : "" });
}

/** Loop devices that have a file which they had not before. */
export function checkLoopDevices({ look, before, trial }: Comparison): SterilityCheck {
  const known = new Set(before?.loops);
  const fresh =
    before === null
      ? []
      : look.loops.filter((text) => !known.has(text) && !text.includes(" /var/lib/snapd/"));
  const trials = look.loops.filter((text) => isBelow(text.slice(text.indexOf(" ") + 1), trial.paths));
  // A user's own lab cannot make one: what is new there is the machine's.
  if (isApart(look, "user") && trials.length === 0 && fresh.length > 0)
    return outcome("loop-devices", [], {
      cannot: `new on the machine, and not this node's alone: ${some(fresh)}`,
    });
  return outcome("loop-devices", [...new Set([...trials, ...fresh])], {
    cannot: before === null ? NO_BASELINE : "",
  });
}
