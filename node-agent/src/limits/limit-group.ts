import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CellLimits } from "../cell/cell.ts";
import type { Controller, GroupPlace } from "./group-place.ts";

export const LIMIT_GROUP_PREFIX = "redline-cell-";
/** A group is filled within milliseconds: one that is empty after this long has lost its daemon. */
const STALE_MS = 60_000;
const LIMIT_FILES = {
  "cgroup-v1": { memory: "memory.limit_in_bytes", pids: "pids.max" },
  "cgroup-v2": { memory: "memory.max", pids: "pids.max" },
} as const;
const REMOVAL_MS = 3_000;

/** A control group that holds a cell's limits from its first process on. */
export interface LimitGroup {
  readonly place: GroupPlace;
  readonly folder: string;
}

type Held = Pick<CellLimits, "memoryBytes" | "processes">;

/**
 * Makes a group with these limits, and reads them back. Groups that a dead daemon left beside it go first.
 * @throws when the kernel refuses any of it; then no group is left
 */
export function makeGroup(place: GroupPlace, limits: Held): LimitGroup {
  sweepGroups(place);
  const folder = join(place.parent, `${ownPrefix()}${randomBytes(6).toString("hex")}`);
  mkdirSync(folder);
  try {
    for (const controller of place.controllers) setLimit(folder, place, controller, limits);
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return { place, folder };
}

/** A process that writes "0" into it is a member from then on, with all that it starts. */
export const joinFile = ({ folder }: LimitGroup) => join(folder, "cgroup.procs");

/** Whether the kernel has this process in the group now. */
export const holdsProcess = (group: LimitGroup, pid: number) =>
  readFileSync(joinFile(group), "utf8").split("\n").includes(String(pid));

/** The limit that the kernel says it holds now, in bytes or processes; NaN where it holds none. */
export const heldLimit = ({ place, folder }: LimitGroup, controller: Controller) =>
  Number(readFileSync(join(folder, LIMIT_FILES[place.version][controller]), "utf8"));

/** How often the kernel refused a process, or ended one for its memory. Throws ENOENT after the group's end. */
export function groupHits({ place, folder }: LimitGroup): Partial<Record<"memory" | "processes", number>> {
  const { version, controllers } = place;
  const count = (file: string, name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec(readFileSync(join(folder, file), "utf8"))?.[1] ?? 0);
  return {
    ...(controllers.includes("memory") && {
      memory: count(version === "cgroup-v2" ? "memory.events" : "memory.oom_control", "oom_kill"),
    }),
    ...(controllers.includes("pids") && { processes: count("pids.events", "max") }),
  };
}

/** Removes the group of a cell that has ended; what is left to say when the kernel does not let it go within seconds. */
export async function removeGroup({ folder }: LimitGroup): Promise<string | null> {
  const started = performance.now();
  for (let pauseMs = 1; ; pauseMs = Math.min(50, pauseMs * 2)) {
    try {
      rmdirSync(folder);
      return null;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return null;
      if (performance.now() - started > REMOVAL_MS) return `cgroup ${folder}: ${String(code)}`;
    }
    // A process that was just killed holds its group until the kernel is done with it.
    await delay(pauseMs);
  }
}

/**
 * Removes groups of dead daemons. The kernel refuses those that still hold a process.
 * @param ownStaleMs age of what this daemon's predecessors left: 0 while it builds nothing
 */
export function sweepGroups({ parent }: GroupPlace, ownStaleMs = STALE_MS): void {
  const own = ownPrefix();
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(LIMIT_GROUP_PREFIX)))
    try {
      const path = join(parent, name);
      const staleMs = name.startsWith(own) ? ownStaleMs : STALE_MS;
      if (Date.now() - statSync(path).mtimeMs >= staleMs) rmdirSync(path);
    } catch {
      // In use, or removed by its owner.
    }
}

/** One driver a network namespace: what begins so was made by this daemon or by its dead predecessors. */
function ownPrefix(): string {
  const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/net"))?.[0] ?? "0";
  return `${LIMIT_GROUP_PREFIX}${namespace}-`;
}

function setLimit(folder: string, { version }: GroupPlace, controller: Controller, limits: Held): void {
  const file = LIMIT_FILES[version][controller];
  if (controller === "pids") {
    write(folder, file, limits.processes);
    return;
  }
  write(folder, file, limits.memoryBytes);
  if (version === "cgroup-v2") {
    // Not there without swap.
    attempt(() => write(folder, "memory.swap.max", 0));
    return;
  }
  attempt(() => write(folder, "memory.memsw.limit_in_bytes", limits.memoryBytes));
}

/** The kernel rounds bytes down to whole pages. */
function write(folder: string, file: string, value: number): void {
  const path = join(folder, file);
  writeFileSync(path, String(value));
  const held = Number(readFileSync(path, "utf8"));
  if (!(held <= value && held > value - 65_536)) throw new Error(`${path} is ${held} and not ${value}`);
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Not offered by this kernel.
  }
}
