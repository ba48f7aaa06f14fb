import type { SterilityProof } from "@redline/shared";

export interface SecondLook<Job> {
  /** From the first look on; 60 s or more in production, because job daemons come back after a minute. */
  readonly delayMs: number;
  readonly prove: (job: Job) => Promise<SterilityProof>;
  /** Records the proof. A failure in it is the caller's to log. */
  readonly onResult: (job: Job, proof: SterilityProof) => Promise<void>;
  readonly onError: (job: Job, error: unknown) => void;
}

/**
 * Runs each attempt's second look in its time, one after the other: a walk over all file systems is enough at once. Ends with `drain`.
 * Nothing is kept over the daemon's end: the next daemon proves the node at its start instead.
 */
export class SecondLooks<Job> {
  readonly #options: SecondLook<Job>;
  readonly #waiting = new Map<Job, NodeJS.Timeout>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SecondLook<Job>) {
    this.#options = options;
  }

  /** Second looks that are not recorded yet. */
  get outstanding(): number {
    return this.#waiting.size + this.#running;
  }
  #running = 0;

  /** A job that is planned already is left as it is. */
  plan(job: Job): void {
    if (this.#waiting.has(job)) return;
    const timer = setTimeout(() => this.#begin(job), this.#options.delayMs);
    // A daemon that has nothing else to do need not wait for it: who wants the looks drains.
    timer.unref();
    this.#waiting.set(job, timer);
  }

  /** Runs those that wait at once and resolves when all are recorded, also those that are planned meanwhile. Never rejects. */
  async drain(): Promise<void> {
    while (this.outstanding > 0) {
      for (const job of [...this.#waiting.keys()]) this.#begin(job);
      await this.#turn;
    }
  }

  #begin(job: Job): void {
    clearTimeout(this.#waiting.get(job));
    if (!this.#waiting.delete(job)) return;
    this.#running += 1;
    this.#turn = this.#turn.then(() => this.#run(job));
  }

  async #run(job: Job): Promise<void> {
    try {
      await this.#options.onResult(job, await this.#options.prove(job));
    } catch (error) {
      this.#options.onError(job, error);
    } finally {
      this.#running -= 1;
    }
  }
}
