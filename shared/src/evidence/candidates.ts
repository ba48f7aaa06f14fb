import { fromTarget, type Evidence, type Found } from "./evidence.ts";
import { sameProcess, type ListenerRow, type ProcessRow } from "./process-row.ts";

/** What is new in the target cell since the baseline: the places where a copy could be. */
export interface Candidates {
  readonly baseline: Found<"baseline">;
  readonly after: Found<"snapshot">;
  /** New, cleanly read processes that are not sshd. */
  readonly processes: readonly ProcessRow[];
  /** New listening sockets with at least one owner among those processes, and none that is sshd or the original. */
  readonly listeners: readonly { readonly listener: ListenerRow; readonly owners: readonly ProcessRow[] }[];
}

/** sshd itself and its session processes, by executable; a replaced one shows as deleted. */
export const isSshd = (p: ProcessRow) => /\/sshd(-session|-auth)?( \(deleted\))?$/.test(p.exe);

/** Null where the target's daemon left no baseline or no snapshot after the run: nothing can be said then. */
export function candidatesOf(evidence: Evidence): Candidates | null {
  const baseline = fromTarget(evidence, "baseline").at(0);
  const after = fromTarget(evidence, "snapshot").find((s) => s.body.moment === "after-run");
  if (baseline === undefined || after === undefined) return null;

  const before = baseline.body.snapshot;
  const now = after.body.snapshot;
  const isOld = (p: ProcessRow) => before.processes.some((old) => sameProcess(old, p));
  const foreign = now.processes.filter((p) => isOld(p) || isSshd(p));
  // An unstable row is no candidate, and no reason against one either: a copy may have a child in mid-exec.
  const processes = now.processes.filter((p) => p.stable && !foreign.includes(p));

  const listeners = now.listeners
    .filter((l) => !before.listeners.some((old) => old.inode === l.inode && old.netns === l.netns))
    .filter((l) => !l.owners.some((owner) => foreign.some((p) => sameProcess(owner, p))))
    .map((listener) => ({
      listener,
      owners: processes.filter((p) => listener.owners.some((owner) => sameProcess(owner, p))),
    }))
    .filter((l) => l.owners.length > 0);
  return { baseline, after, processes, listeners };
}
