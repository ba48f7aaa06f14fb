import { fromTarget, type Evidence, type Found } from "./evidence.ts";
import {
  sameProcess,
  type ListenerRow,
  type ProcessKey,
  type ProcessRow,
  type Snapshot,
} from "./process-row.ts";
import { sshdOf } from "./sshd.ts";

export { sshdOf } from "./sshd.ts";

/** What is new in the target cell since the baseline: the places where a copy could be. */
export interface Candidates {
  readonly baseline: Found<"baseline">;
  readonly after: Found<"snapshot">;
  /** New, cleanly read processes that are not sshd. */
  readonly processes: readonly ProcessRow[];
  /**
   * New listening sockets with at least one owner among those processes, and none that is sshd, the original or outside of the
   * cell; nor does such a one listen beside it on the same port, where a question may reach either.
   */
  readonly listeners: readonly { readonly listener: ListenerRow; readonly owners: readonly ProcessRow[] }[];
  /** New listening sockets that are none of a copy, and why. */
  readonly rejected: readonly { readonly listener: ListenerRow; readonly why: string }[];
  /** Why there may be more than was seen, null when the picture is whole: with a reason, nothing is refuted by it. */
  readonly unseen: string | null;
}

/** Null where the target's daemon left no baseline or no snapshot after the run: nothing can be said then. */
export function candidatesOf(evidence: Evidence): Candidates | null {
  const baseline = fromTarget(evidence, "baseline").at(0);
  const after = fromTarget(evidence, "snapshot").find((s) => s.body.moment === "after-run");
  if (baseline === undefined || after === undefined) return null;

  const scene = sceneOf(baseline.body.snapshot, after.body.snapshot);
  const standings = after.body.snapshot.listeners.map((listener) => standingOf(listener, scene));
  const judged = withoutTwins(standings).filter((s) => !scene.wasThere(s.listener));
  const unread = judged.filter((s) => s.is === "unread").map((s) => s.listener.port);
  return {
    baseline,
    after,
    // An unstable row is no candidate, and no reason against one either: a copy may have a child in mid-exec.
    processes: after.body.snapshot.processes.filter((p) => p.stable && scene.foreign(p) === null),
    listeners: judged.filter((s) => s.is === "own"),
    rejected: judged.filter((s) => s.is === "rejected"),
    unseen: whyUnseen(scene.cut, unread),
  };
}

interface Scene {
  /** Rows left out of the later picture. */
  readonly cut: number;
  readonly rowOf: (key: ProcessKey) => ProcessRow | undefined;
  /** Why a process is none of a copy, null where it may be. */
  readonly foreign: (row: ProcessKey & Partial<ProcessRow>) => string | null;
  readonly wasThere: (listener: ListenerRow) => boolean;
}

function sceneOf(before: Snapshot, now: Snapshot): Scene {
  const isSshd = sshdOf(before);
  const old = finderIn(before.processes);
  const sockets = new Set(before.listeners.map(socketOf));
  return {
    cut: now.cut,
    rowOf: finderIn(now.processes),
    foreign: (row) => {
      if (old(row) !== undefined) return "was there before the agent began";
      return row.exe !== undefined && isSshd({ exe: row.exe }) ? "is sshd" : null;
    },
    wasThere: (listener) => sockets.has(socketOf(listener)),
  };
}

type Standing =
  | { readonly is: "own"; readonly listener: ListenerRow; readonly owners: readonly ProcessRow[] }
  | { readonly is: "rejected"; readonly listener: ListenerRow; readonly why: string }
  /** Nobody can be named for certain: it may be a copy's. */
  | { readonly is: "unread"; readonly listener: ListenerRow };

function standingOf(listener: ListenerRow, scene: Scene): Standing {
  if (scene.wasThere(listener))
    return { is: "rejected", listener, why: "it was there before the agent began" };
  const named = listener.owners.map((key) => ({ key, row: scene.rowOf(key) }));
  for (const { key, row } of named) {
    const why = scene.foreign(row ?? key);
    if (why !== null) return { is: "rejected", listener, why: `held by pid ${key.pid}, which ${why}` };
  }
  const outside = named.find(({ row }) => row === undefined);
  // In a cut picture the row that would speak against a listener may be the one left out.
  if (outside !== undefined && scene.cut > 0) return { is: "unread", listener };
  if (outside !== undefined) {
    const why = `held by pid ${outside.key.pid}, which is no process of the cell`;
    return { is: "rejected", listener, why };
  }
  const owners = named.flatMap(({ row }) => (row?.stable === true ? [row] : []));
  return owners.length === 0 ? { is: "unread", listener } : { is: "own", listener, owners };
}

/** SO_REUSEPORT lets two sockets listen on one port: what the other one's owner may answer is no candidate's answer. */
function withoutTwins(standings: readonly Standing[]): Standing[] {
  const doubtful = new Map<number, Standing[]>();
  for (const s of standings) {
    const { port } = s.listener;
    if (s.is !== "own") doubtful.set(port, [...(doubtful.get(port) ?? []), s]);
  }
  return standings.map((s) => {
    if (s.is !== "own") return s;
    const twins = (doubtful.get(s.listener.port) ?? []).filter((t) => meet(s.listener, t.listener));
    const foreign = twins.find((t) => t.is === "rejected");
    if (foreign !== undefined) {
      const why = `another socket (inode ${foreign.listener.inode}) listens on the same port: ${foreign.why}`;
      return { is: "rejected", listener: s.listener, why };
    }
    return twins.length > 0 ? { is: "unread", listener: s.listener } : s;
  });
}

/** Whether a question put to one port may reach either; in another network namespace it reaches one, nobody knows which. */
function meet(a: ListenerRow, b: ListenerRow): boolean {
  if (a.netns !== b.netns) return true;
  const [x, y] = [plain(a.address), plain(b.address)];
  const wild = (own: string, other: string) => own === "::" || (own === "0.0.0.0" && !other.includes(":"));
  return x === y || wild(x, y) || wild(y, x);
}

const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, "");
const socketOf = ({ inode, netns }: ListenerRow) => `${inode} ${netns}`;
const nameOf = ({ bootId, pid, startTick }: ProcessKey) => `${bootId} ${pid} ${startTick}`;

function finderIn(rows: readonly ProcessRow[]) {
  const known = new Map(rows.map((row) => [nameOf(row), row]));
  return (key: ProcessKey & Partial<ProcessRow>) => {
    const row = known.get(nameOf(key));
    return row !== undefined && sameProcess(row, key) ? row : undefined;
  };
}

function whyUnseen(cut: number, unread: readonly number[]): string | null {
  const reasons = [
    ...(cut > 0 ? [`the picture after the run lacks ${cut} rows or owners`] : []),
    ...(unread.length > 0
      ? [`no owner of these new listeners could be read for certain: port ${unread.slice(0, 6).join(", ")}`]
      : []),
  ];
  return reasons.length === 0 ? null : reasons.join("; ");
}
