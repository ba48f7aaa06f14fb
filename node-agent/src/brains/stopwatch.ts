/** Sums up the time of what is done under it; readable while it runs. Tasks that overlap count once. */
export class Stopwatch {
  readonly #now: () => number;
  #sumMs = 0;
  #since = 0;
  #under = 0;

  /** @param now a monotonic clock, ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get ms(): number {
    return this.#sumMs + (this.running ? this.#now() - this.#since : 0);
  }

  get running(): boolean {
    return this.#under > 0;
  }

  async during<T>(task: () => Promise<T>): Promise<T> {
    if (this.#under === 0) this.#since = this.#now();
    this.#under += 1;
    try {
      return await task();
    } finally {
      if (this.#under === 1) this.#sumMs = this.ms;
      this.#under -= 1;
    }
  }
}
