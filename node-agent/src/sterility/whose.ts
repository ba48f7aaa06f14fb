import { isApart, type NodeLook } from "./node-look.ts";
import type { ProcessRow } from "./process-row.ts";
import { processKey } from "./same-thing.ts";
import { isBelow, namespaceNames, type LiveCell, type Trial } from "./trial-traces.ts";

/**
 * `trial`: of the attempt that is proved clean. `cell`: of another live cell. `daemon`: the daemon or what it started (probers,
 * tools, relays, cells that are being built). `node`: the machine's own.
 */
export type Owner = "trial" | "cell" | "daemon" | "node";

export interface Whose {
  /** The trial's uids that are not the daemon's own. Empty where cells have no uid to themselves (rootless). */
  readonly uids: ReadonlySet<number>;
  /** True where everything that the daemon sees in `/proc` is its own world: what nobody accounts for there is the trial's. */
  readonly strict: boolean;
  readonly trialNamespaces: ReadonlySet<string>;
  /** Namespaces of other cells, of the daemon and of what it started. */
  readonly knownNamespaces: ReadonlySet<string>;
  ofProcess(row: ProcessRow): Owner;
  /** Owner of a socket by who holds it; undefined when nobody does. */
  ofSocket(inode: string): Owner | undefined;
  /** A path of another live cell. */
  isOthers(path: string): boolean;
}

export interface WhoseInput {
  readonly look: NodeLook;
  /** `pid startTick` of what ran before the attempt; null at the daemon's start. */
  readonly before: ReadonlySet<string> | null;
  readonly trial: Trial;
  readonly others: readonly LiveCell[];
}

/** Tells what belongs to whom in one look. Pure. */
export function whose({ look, before, trial, others }: WhoseInput): Whose {
  const { self, processes } = look;
  const uids = new Set(trial.uids.filter((uid) => uid !== self.uid));
  const otherUids = new Set(others.map(({ uid }) => uid));
  const selfNamespaces = new Set(self.namespaces);
  const otherNamespaces = new Set(
    others
      .flatMap(({ namespaces }) => namespaceNames(namespaces))
      .filter((name) => !selfNamespaces.has(name)),
  );
  const trialNamespaces = new Set(
    trial.namespaces
      .flatMap(namespaceNames)
      .filter((name) => !selfNamespaces.has(name) && !otherNamespaces.has(name)),
  );
  const groups = [...trial.cellIds, ...(trial.groups ?? [])];
  const tree = treeOf(self.pid, processes);
  const strict = uids.size === 0 && before !== null && isApart(look, "pid");

  const owners = new Map<number, Owner>();
  const ofProcess = (row: ProcessRow): Owner => {
    const known = owners.get(row.pid);
    if (known !== undefined) return known;
    const owner = decide(row);
    owners.set(row.pid, owner);
    return owner;
  };
  const decide = (row: ProcessRow): Owner => {
    if (row.pid === self.pid) return "daemon";
    if (row.namespaces.some((name) => trialNamespaces.has(name))) return "trial";
    if (row.namespaces.some((name) => otherNamespaces.has(name))) return "cell";
    // A slot's uid comes round: with another cell in it, only what the daemon started can be that cell's.
    const uid = row.uids.find((id) => uids.has(id));
    if (uid !== undefined) return otherUids.has(uid) && tree.has(row.pid) ? "cell" : "trial";
    if (isInGroup(row.groups, groups)) return "trial";
    if (tree.has(row.pid)) return "daemon";
    if (before?.has(processKey(row)) === true) return "node";
    return strict ? "trial" : "node";
  };
  const known = new Set([...self.namespaces, ...otherNamespaces]);
  for (const row of processes)
    if (["daemon", "cell"].includes(ofProcess(row))) row.namespaces.forEach((name) => known.add(name));
  const holders = new Map<string, Owner>();
  for (const row of processes)
    for (const inode of row.sockets) holders.set(inode, worst(ofProcess(row), holders.get(inode)));
  return {
    uids,
    strict,
    trialNamespaces,
    knownNamespaces: known,
    ofProcess,
    ofSocket: (inode) => holders.get(inode),
    isOthers: (path) => others.some(({ paths }) => isBelow(path, paths)),
  };
}

const SUSPICION: readonly Owner[] = ["cell", "daemon", "node", "trial"];
/** Of several holders the one that is most likely a survivor. */
const worst = (a: Owner, b: Owner | undefined): Owner =>
  b !== undefined && SUSPICION.indexOf(b) > SUSPICION.indexOf(a) ? b : a;

/** A group of these, or one below it, in any hierarchy of `/proc/PID/cgroup`. */
const isInGroup = (text: string, names: readonly string[]) =>
  names.length > 0 && text.split(/[\n/]/).some((component) => names.includes(component));

/** Everything that the daemon started and what that started, by parents. */
function treeOf(root: number, processes: readonly ProcessRow[]): ReadonlySet<number> {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of processes) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const tree = new Set<number>([root]);
  for (const pid of tree) for (const child of children.get(pid) ?? []) tree.add(child);
  return tree;
}
