import type { NodeId } from "../ids.ts";
import type { NodeSeats } from "./node-seats.ts";
import type { OpenSeat, SeatHeap } from "./seat-heap.ts";

export interface Pair {
  readonly origin: NodeSeats;
  readonly target: NodeSeats;
}

/**
 * The best free pair with at most so many nodes to avoid. What counts of a pair is the sum over its two nodes, so it is one of the two
 * best origins with one of the two best targets: work does not grow with the number of pairs.
 * @param mostAvoided the least number for which there could ever be a pair: with fewer there is none
 */
export function bestPair(
  origins: SeatHeap,
  targets: SeatHeap | null,
  avoid: ReadonlySet<NodeId>,
  mostAvoided: number,
): Pair | null {
  const bad = (node: NodeSeats) => avoid.has(node.inventory.node);
  const good = (node: NodeSeats) => !avoid.has(node.inventory.node);
  if (targets === null) {
    const [only] = origins.bestTwo(mostAvoided === 0 ? good : null);
    return only === undefined ? null : { origin: only.node, target: only.node };
  }
  const pair = (o: typeof bad | null, t: typeof bad | null) => bestOf(origins.bestTwo(o), targets.bestTwo(t));
  const best =
    mostAvoided === 0
      ? pair(good, good)
      : mostAvoided === 1
        ? better(pair(good, bad), pair(bad, good))
        : pair(null, null);
  return best === null ? null : { origin: best[0].node, target: best[1].node };
}

type SeatPair = readonly [origin: OpenSeat, target: OpenSeat];

function bestOf(origins: readonly OpenSeat[], targets: readonly OpenSeat[]): SeatPair | null {
  let best: SeatPair | null = null;
  for (const origin of origins)
    for (const target of targets)
      if (origin.node !== target.node) {
        best = better(best, [origin, target]);
        // The first that may stand beside it is this origin's best.
        break;
      }
  return best;
}

const better = (a: SeatPair | null, b: SeatPair | null): SeatPair | null =>
  a === null || (b !== null && comparePairs(b, a) < 0) ? b : a;

const comparePairs = ([o1, t1]: SeatPair, [o2, t2]: SeatPair): number =>
  o1.waste + t1.waste - o2.waste - t2.waste ||
  o2.slots + t2.slots - o1.slots - t1.slots ||
  o1.node.rank - o2.node.rank ||
  t1.node.rank - t2.node.rank;
