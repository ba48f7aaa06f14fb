import type { NodeId } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { SeatClaim, HeldSeats, Needs, WaitingTrial } from "./demand.ts";
import type { NodeSeats } from "./node-seats.ts";
import { Seating } from "./seating.ts";
import type { SeatHeap } from "./seat-heap.ts";

/**
 * The seats to keep for a trial that was passed over for too long: those of which the least is missing. `before` is kept as long as it could
 * still do: a claim that moved would lose what has come free. Null where no ready node could ever do.
 */
export function claimFor(
  { trial, avoid }: WaitingTrial,
  needs: Needs,
  nodes: readonly Inventory[],
  held: ReadonlyMap<NodeId, HeldSeats>,
  before: SeatClaim | null,
): SeatClaim | null {
  const seating = new Seating(nodes, held);
  const lists = seating.lists(needs);
  const most = seating.leastAvoided(lists, avoid);
  if (most === null) return null;
  const { origins, targets } = lists;
  const bad = ({ inventory }: NodeSeats) => Number(avoid.has(inventory.node));
  const isGood = (origin: NodeSeats, target: NodeSeats) =>
    targets === null
      ? origin === target && (bad(origin) === 0 || most > 0)
      : origin !== target && bad(origin) + bad(target) <= most;
  const stays = before?.trial === trial && claimed(before, origins, targets ?? origins, isGood);
  if (stays) return before;
  const cost = (node: NodeSeats, { need }: SeatHeap) => node.lacks(need);
  const byCost = (heap: SeatHeap) =>
    [...heap.could]
      .map((node) => ({ node, cost: cost(node, heap) }))
      .sort((a, b) => a.cost - b.cost || a.node.rank - b.node.rank);
  const sorted = byCost(origins);
  const sortedTargets = targets === null ? sorted : byCost(targets);
  let found: { readonly origin: NodeSeats; readonly target: NodeSeats; readonly cost: number } | null = null;
  for (const origin of sorted) {
    // Lists are short where it matters: the first target that may stand beside this origin is its best.
    const target = sortedTargets.find(({ node }) => isGood(origin.node, node));
    if (target === undefined) continue;
    const sum = origin.cost + target.cost;
    if (found === null || sum < found.cost) found = { origin: origin.node, target: target.node, cost: sum };
  }
  return found === null
    ? null
    : {
        trial,
        devices: { origin: found.origin.inventory.node, target: found.target.inventory.node },
      };
}

function claimed(
  { devices }: SeatClaim,
  origins: SeatHeap,
  targets: SeatHeap,
  isGood: (origin: NodeSeats, target: NodeSeats) => boolean,
): boolean {
  const of = (heap: SeatHeap, name: NodeId) => [...heap.could].find((one) => one.inventory.node === name);
  const [origin, target] = [of(origins, devices.origin), of(targets, devices.target)];
  return origin !== undefined && target !== undefined && isGood(origin, target);
}
