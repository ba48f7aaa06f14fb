import {
  claimFor,
  type SeatClaim,
  type HeldSeats,
  type Inventory,
  type NodeId,
  type TrialId,
  type WaitingQueue,
  type WaitingTrial,
} from "@redline/shared";

/**
 * How long the first trial of a study may be passed over before seats are kept for it, ms. Trials that need much would never
 * start while small ones keep coming, since what comes free is never enough at once.
 */
export const PATIENCE_MS = 60_000;

interface Starved {
  readonly queue: WaitingQueue;
  readonly trial: WaitingTrial;
  readonly sinceMs: number;
}

/**
 * Which trials were passed over, since when, and for which of them seats are kept: one at a time, the highest priority first, then the one that was
 * passed over first. A claim holds nothing: it keeps others from what its trial will need. Lost with the coordinator: who takes over gives
 * everybody one more patience.
 */
export class Claims {
  readonly #since = new Map<TrialId, number>();
  #claim: SeatClaim | null = null;

  /** The claim that holds in this look. Forgets trials that wait no more. */
  current(
    queues: readonly WaitingQueue[],
    nodes: readonly Inventory[],
    held: ReadonlyMap<NodeId, HeldSeats>,
    nowMs: number,
    patienceMs: number,
  ): SeatClaim | null {
    if (this.#since.size === 0) return (this.#claim = null);
    const waiting = this.#waiting(queues);
    for (const trial of this.#since.keys()) if (!waiting.has(trial)) this.#since.delete(trial);
    const starved = [...waiting.values()]
      .filter(({ sinceMs }) => nowMs - sinceMs >= patienceMs)
      .sort((a, b) => this.#rank(a, b));
    for (const { queue, trial } of starved) {
      const claim = claimFor(trial, queue.needs, nodes, held, this.#claim);
      if (claim !== null) return (this.#claim = claim);
    }
    return (this.#claim = null);
  }

  /** @param trials somebody went past them just now */
  passed(trials: readonly TrialId[], nowMs: number): void {
    for (const trial of trials) if (!this.#since.has(trial)) this.#since.set(trial, nowMs);
  }

  #waiting(queues: readonly WaitingQueue[]): Map<TrialId, Starved> {
    const found = new Map<TrialId, Starved>();
    for (const queue of queues)
      for (const trial of queue.waiting) {
        const sinceMs = this.#since.get(trial.trial);
        if (sinceMs !== undefined) found.set(trial.trial, { queue, trial, sinceMs });
      }
    return found;
  }

  /** A claim stays where it is until its trial starts, unless a higher priority has one. */
  #rank(a: Starved, b: Starved): number {
    const isClaims = ({ trial }: Starved) => Number(trial.trial === this.#claim?.trial);
    return (
      b.queue.priority - a.queue.priority ||
      isClaims(b) - isClaims(a) ||
      a.sinceMs - b.sinceMs ||
      (a.trial.trial < b.trial.trial ? -1 : 1)
    );
  }
}
