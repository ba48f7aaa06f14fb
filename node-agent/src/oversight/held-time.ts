import { Stopwatch } from "../brains/stopwatch.ts";

/** A timer may fire a little before the clock says that its time is over. */
const GRAIN_MS = 20;

/** The time in which people and their questions hold one attempt's agent, which is no agent time and therefore has a bound of its own. */
export class HeldTime {
  readonly #mostMs: number;
  readonly #watch: Stopwatch;

  /** @param now a monotonic clock, ms. */
  constructor(mostMs: number, now?: () => number) {
    this.#mostMs = mostMs;
    this.#watch = new Stopwatch(now);
  }

  /** 0 once it is used up, ms. */
  get leftMs(): number {
    const left = this.#mostMs - this.#watch.ms;
    return left < GRAIN_MS ? 0 : left;
  }

  /**
   * Does what holds the agent.
   * @param usedUp called, at most once, when there is no time left while it does; to let go.
   */
  async during<T>(task: () => Promise<T>, usedUp: () => void = () => undefined): Promise<T> {
    const timer = setTimeout(usedUp, this.leftMs);
    try {
      return await this.#watch.during(task);
    } finally {
      clearTimeout(timer);
    }
  }
}
