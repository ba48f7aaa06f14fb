import type { AttemptKey } from "@redline/shared";

const MOST = 1000;

/**
 * Trials that were cancelled, each up to its highest attempt. An order to cancel comes by the fast path too, before the run command
 * that it means was read from the queue: that command must start nothing then. The oldest are forgotten; the order is on the queue as well,
 * behind the command.
 */
export class CancelledRuns {
  readonly #upTo = new Map<string, number>();

  note(trial: string, attempt: number): void {
    const upTo = Math.max(attempt, this.#upTo.get(trial) ?? 0);
    // The newest stands last.
    this.#upTo.delete(trial);
    this.#upTo.set(trial, upTo);
    for (const oldest of this.#upTo.keys()) {
      if (this.#upTo.size <= MOST) break;
      this.#upTo.delete(oldest);
    }
  }

  has({ trial, attempt }: Pick<AttemptKey, "trial" | "attempt">): boolean {
    return attempt <= (this.#upTo.get(trial) ?? 0);
  }
}
