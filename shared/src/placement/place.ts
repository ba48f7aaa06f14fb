import type { NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { Demand } from "./demand.ts";
import { anyPair, fitting, isFit } from "./fits.ts";
import { whyNever } from "./why-never.ts";

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
    const able = ready.filter((n) => isFit(n, demand));
    const [origins, targets] = fitting(able, demand);
    if (!anyPair(demand, origins, targets)) {
      unplaced.push({ trial: demand.trial, never: true, why: whyNever(demand, ready) });
      continue;
    }
    const seat = (node: Inventory): Seat => ({
      node: node.node,
      avoided: Number(demand.avoid.has(node.node)),
      left: left(node),
    });
    const open = (some: readonly Inventory[]) => some.filter((n) => left(n) > 0).map(seat);
    const devices =
      demand.shape === "local-copy"
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
