import { readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseMountinfo } from "../observe/mountinfo.ts";

export type CgroupVersion = "v1" | "v2";

/** Where groups can be made: a mounted hierarchy that can freeze. */
export interface CgroupPlace {
  readonly version: CgroupVersion;
  readonly mount: string;
  /** Part of the hierarchy that the mount shows. */
  readonly root: string;
}

export const GROUP_PREFIX = "redline-freeze-";
const STALE_MS = 600_000;

/** The cgroup v2 hierarchies of this machine, also one beside v1, or the v1 freezer's. */
export function cgroupPlaces(version: CgroupVersion): CgroupPlace[] {
  return parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"))
    .filter(({ fsType, superOptions }) =>
      version === "v2" ? fsType === "cgroup2" : fsType === "cgroup" && superOptions.includes("freezer"),
    )
    .map(({ point, root }) => ({ version, mount: point, root }));
}

/** The group that a process is in, as a folder; null where the mount does not show it. */
export function groupFolderOf(pid: number | "self", { version, mount, root }: CgroupPlace): string | null {
  const line = version === "v2" ? /^0::(\/.*)$/m : /^\d+:(?:[^:\n]*,)?freezer(?:,[^:\n]*)?:(\/.*)$/m;
  let path: string | undefined;
  try {
    path = line.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
  } catch {
    return null;
  }
  // Above the daemon's own cgroup namespace a path begins with `/..`.
  if (path === undefined || path.split("/").includes("..")) return null;
  if (root === "/") return join(mount, path);
  return path === root || path.startsWith(`${root}/`) ? join(mount, path.slice(root.length)) : null;
}

/** Removes groups that a dead daemon left. The kernel refuses those that still hold a process. */
export function removeStaleGroups(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(GROUP_PREFIX)))
    try {
      const path = join(folder, name);
      if (nowMs - statSync(path).mtimeMs > STALE_MS) rmdirSync(path);
    } catch {
      // In use, or removed by its owner.
    }
}
