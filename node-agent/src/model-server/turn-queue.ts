/** Runs tasks one after the other, in order of arrival. */
export class TurnQueue {
  readonly #limit: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** At most `limit` tasks, the running one included. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#waiting >= this.#limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++;
    // A failed task must not stop those behind it; its own caller sees the failure.
    const turn = this.#last.then(task, task);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}
