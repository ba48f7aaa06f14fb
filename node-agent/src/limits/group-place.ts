import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MountRow } from "../observe/mountinfo.ts";

export type Controller = "memory" | "pids";
export type GroupVersion = "cgroup-v2" | "cgroup-v1";

/** A folder in which groups can be made that hold these limits. */
export interface GroupPlace {
  readonly version: GroupVersion;
  readonly parent: string;
  readonly controllers: readonly Controller[];
}

const CONTROLLERS: readonly Controller[] = ["memory", "pids"];
/** Where the daemon itself goes: in v2 a group with limits for its children holds no process of its own. */
const DAEMON_GROUP = "redline-daemon";

/**
 * Where this daemon might make groups, best first: below its own group, which is what a service manager gives away, then at the top
 * of the hierarchy; v2 before v1. Nothing is tried here.
 * @param mounts of `/proc/self/mountinfo`
 * @param groups text of `/proc/self/cgroup`
 */
export function candidatePlaces(mounts: readonly MountRow[], groups: string): GroupPlace[] {
  const v2 = mounts
    .filter(({ fsType }) => fsType === "cgroup2")
    .flatMap((mount) => parentsIn(mount, /^0::(\/.*)$/m.exec(groups)?.[1]))
    .map((parent): GroupPlace => ({ version: "cgroup-v2", parent, controllers: CONTROLLERS }));
  const v1 = CONTROLLERS.flatMap((controller) =>
    mounts
      .filter(({ fsType, superOptions }) => fsType === "cgroup" && superOptions.includes(controller))
      .flatMap((mount) => parentsIn(mount, pathOf(groups, controller)))
      .map((parent): GroupPlace => ({ version: "cgroup-v1", parent, controllers: [controller] })),
  );
  return [...v2, ...v1];
}

/**
 * Makes a v2 folder hand limits on to the groups below it; the daemon and its children leave it first where they must.
 * @returns the controllers that its groups then have
 */
export function handOn(parent: string): Controller[] {
  const offered = words(join(parent, "cgroup.controllers"));
  const wanted = CONTROLLERS.filter((name) => offered.includes(name));
  const on = () => words(join(parent, "cgroup.subtree_control"));
  for (const name of wanted.filter((missing) => !on().includes(missing))) {
    const enable = () => writeFileSync(join(parent, "cgroup.subtree_control"), `+${name}`);
    try {
      enable();
    } catch {
      if (!makeRoom(parent)) continue;
      attempt(enable);
    }
  }
  return wanted.filter((name) => on().includes(name));
}

/** Moves everybody out of a group that holds the daemon and its own children only. */
function makeRoom(parent: string): boolean {
  try {
    const pids = words(join(parent, "cgroup.procs")).map(Number);
    if (pids.length === 0 || !pids.every(isOwn)) return false;
    const leaf = join(parent, DAEMON_GROUP);
    mkdirSync(leaf, { recursive: true });
    for (const pid of pids) attempt(() => writeFileSync(join(leaf, "cgroup.procs"), String(pid)));
    return true;
  } catch {
    return false;
  }
}

/** The daemon, or a process below it. */
function isOwn(pid: number): boolean {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === process.pid) return true;
  return pid === process.pid;
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

function parentsIn({ point, root }: MountRow, path: string | undefined): string[] {
  // Above the daemon's own cgroup namespace a path begins with `/..`.
  const seen = path === undefined || path.split("/").includes("..") ? undefined : path;
  const below = root === "/" ? seen : seen?.startsWith(`${root}/`) ? seen.slice(root.length) : undefined;
  const own = below === undefined || below === "" || below === "/" ? [] : [join(point, below)];
  return [...own, point];
}

const pathOf = (groups: string, controller: Controller) =>
  groups
    .split("\n")
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .find((match) => match?.[1]?.split(",").includes(controller))?.[2];

const words = (path: string) => readFileSync(path, "utf8").split(/\s+/).filter(Boolean);

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // A process that has just ended, or a refusal: the caller looks at what came of it.
  }
}
