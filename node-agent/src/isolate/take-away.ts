import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { WeightsPlace } from "@redline/shared";
import { CELL } from "../cell/cell-layout.ts";
import type { Cell } from "../cell/cell.ts";
import { parseMountinfo, type MountRow } from "../observe/mountinfo.ts";
import { openInCell } from "./cell-path.ts";
import { hideFile } from "./hide-file.ts";

export interface TakenAway {
  readonly how: "hidden";
  /** No name under which it was reached leads to it now, looked up from inside. */
  readonly verified: boolean;
}

/**
 * Takes a file of weights out of reach of the cell's processes, by an empty file over it; what has it open or mapped keeps it. Also where
 * it lies in the home: a rename would only make the agent search, and a tmpfs of the cell refuses root's.
 * @param path absolute, as the cell was built with it
 * @param nsenter path of that tool
 * @throws Error when there is no such regular file, the cell is gone, or the tool fails
 */
export async function takeAway(
  cell: Pick<Cell, "initPid" | "pidns">,
  path: string,
  place: WeightsPlace,
  nsenter: string,
): Promise<TakenAway> {
  const pid = cell.initPid;
  const names =
    place === "laid" ? [path] : namesOf(parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, "utf8")), path);
  const files = names.map((name) => identityAt(pid, name, "refuse"));
  if (files.length === 0 || files.includes(null)) throw new Error(`${path} is no regular file in the cell`);
  for (const name of names) await hideFile(cell, name, nsenter);
  const reached = [path, ...names].map((name) => identityAt(pid, name, "follow"));
  const verified = reached.every((found) => found === null || !files.includes(found));
  return { how: "hidden", verified };
}

/**
 * Where a file that was mounted at `path` when the cell was built is now. The agent cannot unmount it, but it can rename the folders
 * above it, and then the mount goes along: so by its name in its own file system too.
 */
export function namesOf(mounts: readonly Pick<MountRow, "root" | "point">[], path: string): string[] {
  const isAt = (at: string) => path === at || path.startsWith(`${at}/`);
  if (!path.startsWith(`${CELL.home}/`)) return [path];
  const inHome = mounts.filter(({ point }) => point.startsWith(`${CELL.home}/`));
  if (inHome.some(({ point }) => isAt(point))) return [path];
  return inHome.filter(({ root }) => basename(root) === basename(path)).map(({ point }) => point);
}

/** Device and inode of a regular file; null when the path leads to none. */
function identityAt(pid: number, path: string, links: "follow" | "refuse"): string | null {
  try {
    using held = openInCell(pid, path, links);
    return held.stat.isFile() ? `${held.stat.dev}:${held.stat.ino}` : null;
  } catch {
    return null;
  }
}
