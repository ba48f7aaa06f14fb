import type { NodeId, TrialId } from "../ids.ts";
import type { Assignment, SeatClaim, HeldSeats, Needs } from "./demand.ts";
import type { FreeGpu } from "./choose-gpus.ts";
import type { Inventory } from "../messages/inventory.ts";
import { bestPair } from "./best-pair.ts";
import { NodeSeats } from "./node-seats.ts";
import { SeatHeap } from "./seat-heap.ts";
import { needsKey, seatsOf, type SeatNeed } from "./seat-need.ts";

/** The seats of one kind of trial; one heap where a single node is both devices. */
export interface SeatLists {
  readonly needs: Needs;
  readonly origins: SeatHeap;
  /** Null in a local trial. */
  readonly targets: SeatHeap | null;
  /** Whether ready nodes could carry such a trial if all were free. */
  readonly ever: boolean;
  /** Whether a node could ever be one of the devices. */
  readonly touches: (node: NodeId) => boolean;
}

/** The nodes during one look at what waits: what is free, and who could sit where. */
export class Seating {
  /** Of nodes that are ready, by name. */
  readonly nodes: readonly NodeSeats[];
  readonly held: ReadonlyMap<NodeId, HeldSeats>;
  readonly #byName: ReadonlyMap<NodeId, NodeSeats>;
  readonly #heaps = new Map<string, SeatHeap>();
  readonly #lists = new Map<string, SeatLists>();
  readonly #known = new Map<Needs, SeatLists>();

  constructor(nodes: readonly Inventory[], held: ReadonlyMap<NodeId, HeldSeats>) {
    this.held = held;
    // In the order of names, so that of equals the first by name is taken, whatever the order of the input.
    this.nodes = nodes
      .filter(({ state }) => state === "ready")
      .toSorted((a, b) => (a.node < b.node ? -1 : a.node > b.node ? 1 : 0))
      .map((node, rank) => new NodeSeats(node, rank, held.get(node.node)));
    this.#byName = new Map(this.nodes.map((seats) => [seats.inventory.node, seats]));
  }

  get inventories(): Inventory[] {
    return this.nodes.map(({ inventory }) => inventory);
  }

  lists(needs: Needs): SeatLists {
    const known = this.#known.get(needs);
    if (known !== undefined) return known;
    const key = needsKey(needs);
    const lists = this.#lists.get(key) ?? this.#newLists(needs);
    this.#lists.set(key, lists);
    this.#known.set(needs, lists);
    return lists;
  }

  #newLists(needs: Needs): SeatLists {
    const seats = seatsOf(needs);
    const origins = this.#heap(seats.kind === "one" ? seats.both : seats.origin);
    const targets = seats.kind === "one" ? null : this.#heap(seats.target);
    const touches = (name: NodeId) => {
      const node = this.#byName.get(name);
      return node !== undefined && (origins.could.has(node) || targets?.could.has(node) === true);
    };
    const ever = this.leastAvoided({ origins, targets }, NOBODY) !== null;
    return { needs, origins, targets, ever, touches };
  }

  #heap(need: SeatNeed): SeatHeap {
    const known = this.#heaps.get(need.key);
    if (known !== undefined) return known;
    const heap = new SeatHeap(need, this.nodes);
    this.#heaps.set(need.key, heap);
    return heap;
  }

  /** On how many nodes to avoid a trial must sit at least, were all nodes free; null where it never could. */
  leastAvoided(
    { origins, targets }: Pick<SeatLists, "origins" | "targets">,
    avoid: ReadonlySet<NodeId>,
  ): 0 | 1 | 2 | null {
    const avoided = [...avoid].flatMap((name) => this.#byName.get(name) ?? []);
    const bad = ({ could }: SeatHeap) => avoided.filter((node) => could.has(node));
    const good = function* ({ could }: SeatHeap) {
      for (const node of could) if (!avoid.has(node.inventory.node)) yield node;
    };
    if (targets === null) return isAny(good(origins)) ? 0 : isAny(bad(origins)) ? 1 : null;
    const [badOrigins, badTargets] = [bad(origins), bad(targets)];
    if (isPair(good(origins), () => good(targets))) return 0;
    const one = isPair(good(origins), () => badTargets) || isPair(badOrigins, () => good(targets));
    if (one) return 1;
    return isPair(badOrigins, () => badTargets) ? 2 : null;
  }

  /** Gives a trial its seats, all of them, or null. */
  seat(trial: TrialId, lists: SeatLists, avoid: ReadonlySet<NodeId>): Assignment | null {
    const { origins, targets, needs } = lists;
    // With nothing to avoid every pair is as good as another.
    const most = avoid.size === 0 ? 2 : this.leastAvoided(lists, avoid);
    const found = most === null ? null : bestPair(origins, targets, avoid, most);
    if (found === null) return null;
    const { origin, target } = found;
    const gpus =
      targets === null
        ? origin.take(origins.need)
        : { origin: origin.take(origins.need).origin, target: target.take(targets.need).target };
    const wants = needs.origin.gpus !== undefined || needs.target.gpus !== undefined;
    return {
      trial,
      devices: { origin: origin.inventory.node, target: target.inventory.node },
      gpus: wants ? { origin: gpus.origin.map(placed), target: gpus.target.map(placed) } : null,
    };
  }

  /** Takes as much of a claim's seats as is free, for nobody. */
  withhold({ origins, targets }: SeatLists, { devices }: SeatClaim): void {
    this.#byName.get(devices.origin)?.take(origins.need);
    if (targets !== null) this.#byName.get(devices.target)?.take(targets.need);
  }
}

const NOBODY: ReadonlySet<NodeId> = new Set();
const placed = ({ index, uuid }: FreeGpu) => ({ index, uuid });

function isAny(nodes: Iterable<NodeSeats>): boolean {
  for (const _ of nodes) return true;
  return false;
}

/** Whether there are two different nodes, one of each. */
function isPair(origins: Iterable<NodeSeats>, targets: () => Iterable<NodeSeats>): boolean {
  for (const origin of origins) for (const target of targets()) if (origin !== target) return true;
  return false;
}
