import type { NodeSeats } from "./node-seats.ts";
import type { SeatNeed } from "./seat-need.ts";

/** A node with room for one seat, and how well it suits: the least waste is best, then the most free slots. */
export interface OpenSeat {
  readonly node: NodeSeats;
  /** MiB of GPU memory that the seat takes, or, where it needs none, that it stands in the way of. */
  waste: number;
  slots: number;
}

/** Below 0 where `a` is better; names decide among equals. */
export const compareSeats = (a: OpenSeat, b: OpenSeat): number =>
  a.waste - b.waste || b.slots - a.slots || a.node.rank - b.node.rank;

/**
 * The nodes for one kind of seat, best first: a binary heap whose entries may be too good, since what is free on a node only gets less;
 * each is looked at again when it comes to the top. Speed counts here: entries are made once, and changed in place.
 */
export class SeatHeap {
  readonly need: SeatNeed;
  /** Every node that could take the seat if nothing ran there. */
  readonly could: ReadonlySet<NodeSeats>;
  readonly #heap: OpenSeat[] = [];

  constructor(need: SeatNeed, nodes: readonly NodeSeats[]) {
    this.need = need;
    const could = nodes.filter((node) => node.could(need));
    this.could = new Set(could);
    for (const node of could) {
      const waste = node.waste(need);
      if (waste !== null) this.#heap.push({ node, waste, slots: node.slots });
    }
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at -= 1) {
      const seat = this.#heap[at];
      if (seat !== undefined) this.#sink(at, seat);
    }
  }

  /** The two best that are let through, best first; fewer where there are no more. @param letThrough null: all of them */
  bestTwo(letThrough: ((node: NodeSeats) => boolean) | null): OpenSeat[] {
    const found: OpenSeat[] = [];
    const passedBy: OpenSeat[] = [];
    while (found.length < 2) {
      const top = this.#pop();
      if (top === null) break;
      const { slots } = top.node;
      const waste = top.node.waste(this.need);
      if (waste === null) continue;
      if (waste !== top.waste || slots !== top.slots) {
        top.waste = waste;
        top.slots = slots;
        this.#push(top);
      } else if (letThrough === null || letThrough(top.node)) found.push(top);
      else passedBy.push(top);
    }
    for (const seat of found) this.#push(seat);
    for (const seat of passedBy) this.#push(seat);
    return found;
  }

  #push(seat: OpenSeat): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(seat);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || compareSeats(parent, seat) <= 0) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = seat;
  }

  #pop(): OpenSeat | null {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return null;
    if (this.#heap.length > 0) this.#sink(0, last);
    return top;
  }

  /** Puts a seat where it belongs at or below a place. */
  #sink(from: number, seat: OpenSeat): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let best = heap[child];
      if (best === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && compareSeats(right, best) < 0) {
        best = right;
        child += 1;
      }
      if (compareSeats(seat, best) <= 0) break;
      heap[at] = best;
      at = child;
    }
    heap[at] = seat;
  }
}
