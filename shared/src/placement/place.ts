import type { NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { Scenario } from "../study/study-schema.ts";

/** What one waiting trial needs, all of it at once. */
export interface Demand {
  readonly trial: string;
  readonly scenario: Scenario;
  readonly specimenSha256: string;
  readonly originLabels: Readonly<Record<string, string>>;
  readonly targetLabels: Readonly<Record<string, string>>;
  /** Nodes on which an earlier attempt of this trial failed; used only where nothing else fits. */
  readonly avoid: ReadonlySet<NodeId>;
}

export interface Assignment {
  readonly trial: string;
  readonly devices: { readonly origin: NodeId; readonly target: NodeId };
}
export interface Unplaced {
  readonly trial: string;
  readonly why: string;
  /** True when no enrolled node could ever be this device as things stand. */
  readonly never: boolean;
}

/**
 * Assigns waiting trials, in their order, to free slots: all devices of a trial at once or none.
 * A cross-device trial takes a slot on two different nodes, a local one a single slot. Of the pairs that are
 * free the one with the fewest nodes to avoid is taken, then the one with the most free slots, then by name.
 * `held` counts slots which the coordinator has given away and not got back, whatever the inventory says.
 * Work grows with demands times nodes: pairs are never listed.
 */
export function place(
  demands: readonly Demand[],
  nodes: readonly Inventory[],
  held: ReadonlyMap<NodeId, number>,
): { assignments: Assignment[]; unplaced: Unplaced[] } {
  const free = new Map(nodes.map((n) => [n.node, n.slots - (held.get(n.node) ?? 0)]));
  const left = ({ node }: Inventory) => free.get(node) ?? 0;
  // In the order of names once, so that of equals the first that is met is the first by name.
  const ready = nodes.filter((n) => n.state === "ready").toSorted((a, b) => a.node.localeCompare(b.node));
  const assignments: Assignment[] = [];
  const unplaced: Unplaced[] = [];
  for (const demand of demands) {
    const origins = ready.filter((n) => carries(n, demand.originLabels) && hasSpecimen(n, demand));
    const targets = ready.filter((n) => carries(n, demand.targetLabels));
    if (!anyPair(demand, origins, targets)) {
      unplaced.push({ trial: demand.trial, never: true, why: whyNever(demand, origins, targets) });
      continue;
    }
    const seat = (node: Inventory): Seat => ({
      node: node.node,
      avoided: Number(demand.avoid.has(node.node)),
      left: left(node),
    });
    const open = (fitting: readonly Inventory[]) => fitting.filter((n) => left(n) > 0).map(seat);
    const devices =
      demand.scenario === "local-copy"
        ? bestSingle(open(origins), open(targets))
        : bestPair(open(origins), open(targets));
    if (devices === null) {
      unplaced.push({ trial: demand.trial, never: false, why: "all fitting nodes are busy" });
      continue;
    }
    for (const node of new Set(Object.values(devices))) free.set(node, (free.get(node) ?? 0) - 1);
    assignments.push({ trial: demand.trial, devices });
  }
  return { assignments, unplaced };
}

/** A free, fitting node for one device. Lists of seats stand in the order of names. */
interface Seat {
  readonly node: NodeId;
  readonly avoided: number;
  readonly left: number;
}

/** Strictly better, names aside: what is met first wins among equals. */
const better = (a: Omit<Seat, "node">, b: Omit<Seat, "node">): boolean =>
  a.avoided < b.avoided || (a.avoided === b.avoided && a.left > b.left);

function best(seats: readonly Seat[]): Seat | null {
  let found: Seat | null = null;
  for (const seat of seats) if (found === null || better(seat, found)) found = seat;
  return found;
}

function bestSingle(origins: readonly Seat[], targets: readonly Seat[]): Assignment["devices"] | null {
  const names = new Set(targets.map((seat) => seat.node));
  const found = best(origins.filter((seat) => names.has(seat.node)));
  return found === null ? null : { origin: found.node, target: found.node };
}

/** What counts of a pair is the sum over its two nodes: an origin's best target is the best of all, or, where that is itself, the best of the others. */
function bestPair(origins: readonly Seat[], targets: readonly Seat[]): Assignment["devices"] | null {
  const first = best(targets);
  const second = best(targets.filter((seat) => seat.node !== first?.node));
  let found: {
    readonly pair: Assignment["devices"];
    readonly avoided: number;
    readonly left: number;
  } | null = null;
  for (const origin of origins) {
    const target = first?.node === origin.node ? second : first;
    if (target === null) continue;
    const sum = { avoided: origin.avoided + target.avoided, left: origin.left + target.left };
    if (found === null || better(sum, found))
      found = { ...sum, pair: { origin: origin.node, target: target.node } };
  }
  return found?.pair ?? null;
}

const carries = (node: Inventory, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([name, value]) => node.labels[name] === value);

const hasSpecimen = (node: Inventory, { specimenSha256 }: Demand): boolean =>
  node.specimens.some((specimen) => specimen.sha256 === specimenSha256);

/** Whether ready nodes could carry the demand if all of them were free. */
function anyPair(demand: Demand, origins: readonly Inventory[], targets: readonly Inventory[]): boolean {
  if (demand.scenario === "local-copy") {
    const names = new Set(targets.map((n) => n.node));
    return origins.some((n) => names.has(n.node));
  }
  const [origin] = origins;
  return (
    origin !== undefined &&
    targets.length > 0 &&
    (origins.length > 1 || targets.some((t) => t.node !== origin.node))
  );
}

function whyNever(demand: Demand, origins: readonly Inventory[], targets: readonly Inventory[]): string {
  const show = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ") || "(no labels)";
  if (targets.length === 0) return `no ready node carries the target's labels ${show(demand.targetLabels)}`;
  if (origins.length === 0)
    return `no ready node carries the origin's labels ${show(demand.originLabels)} and has the specimen with its weights`;
  return demand.scenario === "local-copy"
    ? "no node can be origin and target at once"
    : "origin and target must be two different nodes, and only one fits";
}
