import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  GROUP_PREFIX,
  groupFolderOf,
  cgroupPlaces,
  removeStaleGroups,
  type CgroupPlace,
  type CgroupVersion,
} from "./cgroup-place.ts";
import { sigstop } from "./sigstop.ts";
import { NotThisWay, type Stopper } from "./stopper.ts";
import { isSame } from "./task-states.ts";

const LEAVING_ROUNDS = 50;

/**
 * A group of our own that is frozen from the start: what is moved in stands still, and nothing in a cell can let it go. v2 groups
 * die with a SIGKILL while frozen; v1 groups do not, so a cell frozen in one would outlive its init.
 * @throws NotThisWay when no group can be made.
 */
export function cgroupFreeze(version: CgroupVersion): Stopper {
  const { place, group } = makeGroup(version);
  const homes = new Map<number, string>();
  const signalled = sigstop();
  let ended: Promise<void> | undefined;
  const moveHome = (pid: number) =>
    writeFileSync(join(homes.get(pid) ?? join(group, ".."), "cgroup.procs"), String(pid));
  try {
    setFrozen(group, version, true);
  } catch (error) {
    rmdirSync(group);
    throw new NotThisWay(`${group} cannot be frozen`, { cause: error });
  }
  return {
    how: `cgroup-${version}`,
    stop(key) {
      const home = groupFolderOf(key.pid, place);
      if (home === group) return true;
      // The kernel takes milliseconds for a move; some processes do not live as long.
      if (!signalled.stop(key)) return false;
      try {
        writeFileSync(join(group, "cgroup.procs"), String(key.pid));
      } catch (error) {
        if (errorCode(error) === "ESRCH") return false;
        throw new NotThisWay(`process ${key.pid} cannot be moved to ${group}`, { cause: error });
      } finally {
        signalled.release(key);
      }
      if (home !== null) homes.set(key.pid, home);
      // Another process that got the number in between goes back where it was.
      if (isSame(key)) return true;
      attempt(() => moveHome(key.pid));
      return false;
    },
    release: ({ pid }) => attempt(() => moveHome(pid)),
    restless: (keys) =>
      isFrozen(group, version) ? keys.filter(({ pid }) => groupFolderOf(pid, place) !== group) : [...keys],
    end: () => (ended ??= leave(group, version, moveHome)),
  };
}

function makeGroup(version: CgroupVersion): { place: CgroupPlace; group: string } {
  const faults: unknown[] = [];
  for (const place of cgroupPlaces(version))
    // Below the daemon's own group first: that part of the tree is what a service manager gives away.
    for (const parent of new Set([groupFolderOf("self", place) ?? place.mount, place.mount]))
      try {
        const group = join(parent, `${GROUP_PREFIX}${randomBytes(6).toString("hex")}`);
        removeStaleGroups(parent, Date.now());
        mkdirSync(group);
        return { place, group };
      } catch (error) {
        faults.push(error);
      }
  throw new NotThisWay(`no cgroup ${version} that this daemon may write to`, { cause: faults.at(-1) });
}

function setFrozen(group: string, version: CgroupVersion, frozen: boolean): void {
  if (version === "v2") writeFileSync(join(group, "cgroup.freeze"), frozen ? "1" : "0");
  else writeFileSync(join(group, "freezer.state"), frozen ? "FROZEN" : "THAWED");
}

/** Read back from the kernel: every process of the group stands still. */
function isFrozen(group: string, version: CgroupVersion): boolean {
  return version === "v2"
    ? /^frozen 1$/m.test(readFileSync(join(group, "cgroup.events"), "utf8"))
    : readFileSync(join(group, "freezer.state"), "utf8").trim() === "FROZEN";
}

/** A process that was just killed holds the group until the kernel is done with it. */
async function leave(group: string, version: CgroupVersion, moveHome: (pid: number) => void): Promise<void> {
  attempt(() => setFrozen(group, version, false));
  for (let round = 0; round < LEAVING_ROUNDS; round += 1) {
    attempt(() => {
      const pids = readFileSync(join(group, "cgroup.procs"), "utf8")
        .split("\n")
        .filter((line) => line !== "");
      for (const pid of pids) attempt(() => moveHome(Number(pid)));
    });
    if (attempt(() => rmdirSync(group))) return;
    await delay(20);
  }
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}

const errorCode = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);
