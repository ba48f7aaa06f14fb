import type { TrialId } from "../ids.ts";
import type { Assignment, SeatClaim, PlaceInput, Placed, Unplaced, WaitingQueue } from "./demand.ts";
import { FairRound, type Turn, type TurnEnd } from "./fair-round.ts";
import { Seating, type SeatLists } from "./seating.ts";
import { whyNever } from "./why-never.ts";

const BUSY = "all fitting nodes are busy";

/**
 * Assigns waiting trials to what is free: all devices of a trial at once, with the GPUs of each, or none.
 *
 * Higher priorities first; among equals the study with the fewest attempts that run. Of the pairs that are free the one that wastes the
 * least GPU memory is taken, then the one with the most free slots, then by name. A cross-device trial sits on two different nodes, a local
 * one on a single node. Nodes to blame for an earlier attempt are left out wherever others could ever do: then the trial waits.
 * A claim's trial comes first in its priority; where it does not fit yet, what is free of its seats is kept from all others of its
 * priority and below.
 *
 * Work grows with the kinds of needs times nodes, and with what is placed; not with what waits.
 */
export function place({ queues, nodes, held, claim = null }: PlaceInput): Placed {
  const look = new Look(new Seating(nodes, held), claim);
  const priorities = [...new Set(queues.map(({ priority }) => priority))].sort((a, b) => b - a);
  const full = queues.filter(({ waiting }) => waiting.length > 0);
  for (const priority of priorities) look.round(full.filter((queue) => queue.priority === priority));
  return look.result(full);
}

/** The first of a study that found no seat. */
interface Stuck {
  readonly trial: TrialId;
  readonly lists: SeatLists;
}

class Look {
  readonly #seating: Seating;
  readonly #claim: SeatClaim | null;
  readonly #assignments: Assignment[] = [];
  readonly #taken = new Set<string>();
  /** By study; those that somebody went past are no longer here. */
  readonly #stuck = new Map<string, Stuck>();
  readonly #first = new Set<string>();
  readonly #passed: TrialId[] = [];
  /** Queues of which no trial could ever sit, with the reason. */
  readonly #never = new Map<WaitingQueue, string>();
  /** Kinds of needs for which nothing is free any more. */
  readonly #busy = new Set<SeatLists>();

  constructor(seating: Seating, claim: SeatClaim | null) {
    this.#seating = seating;
    this.#claim = claim;
  }

  /** Everything of one priority. */
  round(queues: readonly WaitingQueue[]): void {
    const round = new FairRound(queues);
    this.#honourClaim(round);
    for (let turn = round.next(); turn !== null; turn = round.next()) round.end(this.#take(turn));
  }

  #honourClaim(round: FairRound): void {
    const turn = this.#claim === null ? null : round.claimed(this.#claim.trial);
    if (this.#claim === null || turn === null) return;
    const lists = this.#seating.lists(turn.queue.needs);
    if (this.#seat(turn, lists)) round.claimedPlaced(turn);
    else this.#seating.withhold(lists, this.#claim);
  }

  #take(turn: Turn): TurnEnd {
    const { queue, trial } = turn;
    if (this.#never.has(queue)) return "full";
    const lists = this.#seating.lists(queue.needs);
    if (!this.#busy.has(lists)) {
      if (!lists.ever) {
        this.#never.set(queue, whyNever(queue.needs, this.#seating.inventories, this.#seating.held));
        return "full";
      }
      if (this.#seat(turn, lists)) return "placed";
      if (trial.avoid.size === 0) this.#busy.add(lists);
    }
    if (!this.#first.has(queue.study)) {
      this.#first.add(queue.study);
      this.#stuck.set(queue.study, { trial: trial.trial, lists });
    }
    return this.#busy.has(lists) ? "full" : "passed";
  }

  #seat({ trial: { trial, avoid } }: Turn, lists: SeatLists): boolean {
    const assignment = this.#seating.seat(trial, lists, avoid);
    if (assignment === null) return false;
    this.#assignments.push(assignment);
    this.#taken.add(trial);
    const nodes = Object.values(assignment.devices);
    for (const [study, stuck] of this.#stuck)
      if (nodes.some(stuck.lists.touches)) {
        this.#passed.push(stuck.trial);
        this.#stuck.delete(study);
      }
    return true;
  }

  result(queues: readonly WaitingQueue[]): Placed {
    const unplaced = queues.flatMap((queue): Unplaced[] => {
      const left = queue.waiting.find(({ trial }) => !this.#taken.has(trial));
      if (left === undefined) return [];
      const why = this.#never.get(queue);
      return [
        {
          study: queue.study,
          needs: queue.needs,
          trial: left.trial,
          never: why !== undefined,
          why: why ?? BUSY,
        },
      ];
    });
    return { assignments: this.#assignments, unplaced, passed: this.#passed };
  }
}
