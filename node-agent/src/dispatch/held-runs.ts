/** A run command that waits here for a free slot. */
export interface HeldRun {
  readonly trial: string;
  readonly attempt: number;
  /** Number in the stream: what comes again under it takes the place of what is held. */
  readonly seq: number;
  /** Tells the server that it is in good hands, so that it neither comes again nor counts as a delivery. */
  readonly working: () => void;
  /** Tries to start it; `over`: it is, or never will be; `busy`: still no slot. */
  readonly retry: () => Promise<"over" | "busy">;
  /** Takes it off the queue without starting it. */
  readonly drop: () => void;
}

const WORKING_MS = 10_000;

/**
 * Run commands for which there was no slot when they came, in the order in which they came. They are held, not sent back: each time
 * that a server gives a message out counts against it, and a good command must not use that up by waiting. The queue is read on
 * meanwhile, since what would free the slot may stand behind.
 */
export class HeldRuns {
  #held: readonly HeldRun[] = [];
  #toldMs = -Infinity;
  #wake: () => void = () => undefined;

  get size(): number {
    return this.#held.length;
  }

  /** Resolves when something is held, or the signal aborts. */
  async some(signal: AbortSignal): Promise<void> {
    if (this.#held.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }

  hold(run: HeldRun): void {
    const again = this.#held.some(({ seq }) => seq === run.seq);
    this.#held = again ? this.#held.map((old) => (old.seq === run.seq ? run : old)) : [...this.#held, run];
    this.#wake();
  }

  /** Drops what an order to cancel means, before it was ever started. */
  cancel(trial: string, attempt: number): void {
    const meant = (run: HeldRun) => run.trial === trial && run.attempt <= attempt;
    this.#drop(meant);
  }

  /** Drops everything: an order to stop means what waits too. */
  stop(): void {
    this.#drop(() => true);
  }

  /** Tries each in turn up to the first that still finds no slot. Called again and again by one caller. */
  async retry(nowMs: number): Promise<void> {
    for (const run of this.#held) {
      if (!this.#held.includes(run)) continue;
      if ((await run.retry()) === "busy") break;
      this.#held = this.#held.filter((other) => other !== run);
    }
    if (nowMs - this.#toldMs < WORKING_MS) return;
    this.#toldMs = nowMs;
    for (const run of this.#held) run.working();
  }

  #drop(meant: (run: HeldRun) => boolean): void {
    const dropped = this.#held.filter(meant);
    this.#held = this.#held.filter((run) => !meant(run));
    for (const run of dropped) run.drop();
  }
}
