import type { BrokerCounts } from "../brains/broker.ts";

type Waits = Pick<BrokerCounts, "heldMs" | "waitedMs">;

/** Time of an agent's run, from the moment that this is made. What people and policies took is nobody's time, and stands still. */
export class RunClock {
  readonly #counts: () => Waits;
  readonly #now: () => number;
  readonly #start: number;

  constructor(counts: () => Waits, now: () => number = () => performance.now()) {
    this.#counts = counts;
    this.#now = now;
    this.#start = now();
  }

  /** Wall time without pauses and questions to people, ms. */
  get agentMs(): number {
    return this.#now() - this.#start - this.#counts().heldMs;
  }

  /** The same without the time in which the brain only waited to ask its server again, ms. */
  get workingMs(): number {
    return this.agentMs - this.#counts().waitedMs;
  }
}
