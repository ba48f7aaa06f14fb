import { sameProcess, type ProcessKey, type ProcessRow } from "@redline/shared";

/**
 * The processes of a server: the owners of its listener and all that descend from them, in the order of the rows. Workers that
 * hold weights or GPU memory are often children of the process that listens. Pure; each row is taken at most once, so that rows
 * which name each other as parents end it too. An owner without a row (outside the cell, or already gone) is left out.
 */
export function processTree(processes: readonly ProcessRow[], owners: readonly ProcessKey[]): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of processes) {
    const siblings = children.get(row.ppid);
    if (siblings === undefined) children.set(row.ppid, [row]);
    else siblings.push(row);
  }
  const taken = new Set<ProcessRow>();
  const waiting = processes.filter((row) => owners.some((owner) => sameProcess(row, owner)));
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    if (taken.has(row)) continue;
    taken.add(row);
    // A child is never older than its parent: such a row has the number of a process that is gone.
    const { startTick } = row;
    waiting.push(...(children.get(row.pid) ?? []).filter((child) => child.startTick >= startTick));
  }
  return processes.filter((row) => taken.has(row));
}
