import { chmod, chown } from "node:fs/promises";
import { dirname } from "node:path";
import { CELL } from "../cell/cell-layout.ts";
import type { CellSpec } from "../cell/cell.ts";

/**
 * Gives the cell's user its home, /run and the folders that stand in the home as mount points: the runtime has made them as root.
 * Through init's own view, while it waits at its gate: nothing hostile runs there yet.
 */
export async function layOutHome(initPid: number, spec: CellSpec, hostUid: number): Promise<void> {
  const root = `/proc/${initPid}/root`;
  for (const folder of [...homeFolders(spec), "/run"]) {
    await chown(root + folder, hostUid, hostUid);
  }
  await chmod(root + CELL.home, 0o750);
  // Some runtimes give a mount the mode of the image's folder below it.
  await chmod(`${root}/tmp`, 0o1777);
}

/** The home, and what lies between it and each file of weights; outer ones first. */
export function homeFolders({ plant }: Pick<CellSpec, "plant">): string[] {
  const folders = new Set<string>([CELL.home]);
  const ends = (plant?.weights ?? []).map((path) => dirname(`${plant?.to ?? CELL.home}/${path}`));
  for (const end of ends) {
    for (let at = end; at.startsWith(`${CELL.home}/`); at = dirname(at)) folders.add(at);
  }
  return [...folders].sort();
}
