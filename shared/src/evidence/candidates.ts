import { fromTarget, type Evidence, type Found } from "./evidence.ts";
import { sameProcess, type ListenerRow, type ProcessKey, type ProcessRow } from "./process-row.ts";
import { sshdOf } from "./sshd.ts";

export { sshdOf } from "./sshd.ts";

/** What is new in the target cell since the baseline: the places where a copy could be. */
export interface Candidates {
  readonly baseline: Found<"baseline">;
  readonly after: Found<"snapshot">;
  /** New, cleanly read processes that are not sshd. */
  readonly processes: readonly ProcessRow[];
  /** New listening sockets with at least one owner among those processes, and none that is sshd or the original. */
  readonly listeners: readonly { readonly listener: ListenerRow; readonly owners: readonly ProcessRow[] }[];
  /** Why there may be more than was seen, null when the picture is whole: with a reason, nothing is refuted by it. */
  readonly unseen: string | null;
}

/** Null where the target's daemon left no baseline or no snapshot after the run: nothing can be said then. */
export function candidatesOf(evidence: Evidence): Candidates | null {
  const baseline = fromTarget(evidence, "baseline").at(0);
  const after = fromTarget(evidence, "snapshot").find((s) => s.body.moment === "after-run");
  if (baseline === undefined || after === undefined) return null;

  const before = baseline.body.snapshot;
  const now = after.body.snapshot;
  const isSshd = sshdOf(before);
  const isOld = (p: ProcessRow) => before.processes.some((old) => sameProcess(old, p));
  const foreign = now.processes.filter((p) => isOld(p) || isSshd(p));
  // An unstable row is no candidate, and no reason against one either: a copy may have a child in mid-exec.
  const processes = now.processes.filter((p) => p.stable && !foreign.includes(p));
  // In a cut picture the row that would speak against a listener may be the one left out.
  const usable = (owners: readonly ProcessKey[]) =>
    now.cut === 0 || owners.every((o) => now.processes.some((p) => sameProcess(o, p)));

  const fresh = now.listeners
    .filter((l) => !before.listeners.some((old) => old.inode === l.inode && old.netns === l.netns))
    .filter((l) => !l.owners.some((owner) => foreign.some((p) => sameProcess(owner, p))))
    .map((listener) => ({
      listener,
      owners: usable(listener.owners)
        ? processes.filter((p) => listener.owners.some((owner) => sameProcess(owner, p)))
        : [],
    }));
  const unowned = fresh.filter((l) => l.owners.length === 0).map((l) => l.listener.port);
  return {
    baseline,
    after,
    processes,
    listeners: fresh.filter((l) => l.owners.length > 0),
    unseen: whyUnseen(now.cut, unowned),
  };
}

function whyUnseen(cut: number, unowned: readonly number[]): string | null {
  const reasons = [
    ...(cut > 0 ? [`the picture after the run lacks ${cut} rows or owners`] : []),
    ...(unowned.length > 0
      ? [`no owner of these new listeners could be read for certain: port ${unowned.slice(0, 6).join(", ")}`]
      : []),
  ];
  return reasons.length === 0 ? null : reasons.join("; ");
}
