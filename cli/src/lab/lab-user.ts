import { spawnSync } from "node:child_process";
import { chown, readdir } from "node:fs/promises";

/** A uid that nobody has: what a root-started lab becomes before it makes its user namespace. */
export const LAB_UID = 1_899_000_000;

export interface LabUser {
  /** Words to put before the lab's command, empty for the caller's own user. */
  readonly asUser: readonly string[];
  /** The user that the lab becomes; null for the caller's own. What the lab writes to must belong to it. */
  readonly uid: number | null;
  readonly why: string;
}

/**
 * A lab that root starts gives up root first, so that what escapes from its namespaces is nobody, and so that process
 * limits bind. That needs the program, the specimens and the state folder to be reachable for others; where they
 * are not, the lab keeps root's uid (without root's rights outside its namespaces' own) and says so.
 * @param readable files and folders which the lab must read.
 */
export async function chooseLabUser(options: {
  setpriv: string;
  stateDir: string;
  readable: readonly string[];
}): Promise<LabUser> {
  if (process.getuid?.() !== 0) return { asUser: [], uid: null, why: "" };
  const { setpriv, stateDir, readable } = options;
  const id = String(LAB_UID);
  const asUser = [setpriv, "--reuid", id, "--regid", id, "--clear-groups"];
  // Only a fresh folder changes hands; one with a past keeps its owners.
  const handedOver = (await readdir(stateDir)).length === 0 && (await giveTo(stateDir, LAB_UID));
  const test = readable.map(() => 'test -r "$1" || { echo "$1"; exit 1; }; shift').join("; ");
  const script = `${test}; test -w "$1" || { echo "$1"; exit 1; }; "$2" -Urmn --pid --fork true`;
  const [command = setpriv, ...args] = asUser;
  const tried = spawnSync(command, [...args, "sh", "-c", script, "sh", ...readable, stateDir, "unshare"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  if (tried.status === 0) return { asUser, uid: LAB_UID, why: "" };
  if (handedOver) await giveTo(stateDir, 0);
  const where = tried.stdout.trim();
  return {
    asUser: [],
    uid: null,
    why: `note: the lab keeps root's user id, because ${where === "" ? "an ordinary one cannot make it" : `${where} is closed to others`}; cells then have no limit on processes`,
  };
}

/** False where this root may not give files away, as in a user namespace that has no such uid. */
async function giveTo(path: string, uid: number): Promise<boolean> {
  try {
    await chown(path, uid, uid);
    return true;
  } catch {
    return false;
  }
}
