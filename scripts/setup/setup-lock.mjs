import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeToolsFolder, tools } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

const lockFile = join(tools, "setup.lock");
const POLL_MS = 200;
const SIGNAL_TURN_MS = 20;
/** Longer than any `npm ci`: after that the holder is taken to hang, and a person should look. */
const GIVE_UP_MS = 20 * 60_000;

/** Field 22 of stat(5): together with the pid it names a process for good, a pid alone is reused. */
function startTime(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** A pid says nothing across pid namespaces: a container may share this folder. */
function pidNamespace() {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "unknown";
  }
}

export function isStale(owner) {
  if (owner.pidNamespace !== pidNamespace()) return Date.now() - owner.takenAtMs > GIVE_UP_MS;
  return startTime(owner.pid) !== owner.startTime;
}

function readOwner() {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Moves a dead owner's lock away. Between the read and the rename another process may have done the
 * same and taken the lock: then what was moved is live, and goes back.
 */
function breakLock(owner) {
  const aside = `${lockFile}.stale.${process.pid}`;
  try {
    renameSync(lockFile, aside);
  } catch {
    return;
  }
  const moved = JSON.parse(readFileSync(aside, "utf8"));
  if (moved.pid !== owner.pid || moved.takenAtMs !== owner.takenAtMs) linkSync(aside, lockFile);
  rmSync(aside);
}

function tryTake() {
  const mine = `${lockFile}.${process.pid}`;
  const owner = {
    pid: process.pid,
    startTime: startTime(process.pid),
    pidNamespace: pidNamespace(),
    takenAtMs: Date.now(),
  };
  writeFileSync(mine, JSON.stringify(owner));
  try {
    // A link appears with its content: nobody can see a lock that does not yet name its owner.
    linkSync(mine, lockFile);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(mine);
  }
}

/** Runs `work` while no other setup of this clone does. Ends when the lock was had or after GIVE_UP_MS. */
export async function withSetupLock(say, work) {
  makeToolsFolder();
  const giveUpAt = Date.now() + GIVE_UP_MS;
  let told = false;
  while (!tryTake()) {
    const owner = readOwner();
    if (owner !== undefined && isStale(owner)) {
      breakLock(owner);
      continue;
    }
    if (Date.now() > giveUpAt) {
      throw new SetupError(
        `another setup (process ${owner?.pid}) does not end; stop it, or remove ${lockFile}`,
        1,
      );
    }
    if (!told && owner !== undefined) say(`another setup is at work (process ${owner.pid}), waiting for it`);
    told = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
    // Time in which a signal that `holdSignals` held back is acted on.
    await sleep(SIGNAL_TURN_MS);
  }
}
