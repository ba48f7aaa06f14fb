import { readFileSync } from "node:fs";

/** Far from people, system users, DynamicUser, container and homed ranges (systemd's UIDS-GIDS table). */
export const DEFAULT_UID_BASE = 1_900_000_000;

/**
 * The uid and gid that a cell's user has on the host. Where the daemon's user namespace maps it, every slot has its own;
 * in the rootless lab only uid 0 is mapped and the cell's user is, outside, the lab's user.
 * @param base null: always the daemon's own uid, for hosts that refuse user namespaces to ordinary users.
 */
export function hostUid(index: number, base: number | null = DEFAULT_UID_BASE): number {
  const own = process.getuid?.() ?? 0;
  if (base === null || own !== 0) return own;
  const wanted = base + index;
  return isMapped("/proc/self/uid_map", wanted) && isMapped("/proc/self/gid_map", wanted) ? wanted : own;
}

/** The same uid one user namespace further out: in the lab, that of the user who started it. */
export function outerUid(uid: number): number {
  const range = ranges("/proc/self/uid_map").find(
    ({ inside, count }) => uid >= inside && uid < inside + count,
  );
  return range === undefined ? uid : range.outside + uid - range.inside;
}

function isMapped(path: string, id: number): boolean {
  return ranges(path).some(({ inside, count }) => id >= inside && id < inside + count);
}

function ranges(path: string): { inside: number; outside: number; count: number }[] {
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
      return { inside, outside, count };
    });
}
