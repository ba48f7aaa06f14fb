import type { NodeRecord } from "@redline/shared";

/** Turns before the clock runs: connections and code are warm then. */
export const WARM_TURNS = 20;

/** When each turn was on the daemon's journal, trial by trial. */
export class LoopTurns {
  readonly #times = new Map<string, number[]>();
  /** Told of each turn as it is on disk: how many the trial has then. */
  readonly #onTurn: (trial: string, turns: number) => void;

  constructor(onTurn: (trial: string, turns: number) => void = () => undefined) {
    this.#onTurn = onTurn;
  }

  /**
   * @param atMs of the daemon's monotonic clock
   * @throws Error where a run ended in another way than at its last turn
   */
  take({ key, body }: NodeRecord, atMs: number): void {
    if (body.kind === "run-ended" && body.end !== "turn-limit")
      throw new Error(
        `${key?.trial ?? "a run"} ended as ${body.end} after ${body.turns} turns: ${body.detail}`,
      );
    if (key === undefined || body.kind !== "agent-event" || body.event["event"] !== "turn") return;
    const times = this.#times.get(key.trial) ?? [];
    times.push(atMs);
    this.#times.set(key.trial, times);
    this.#onTurn(key.trial, times.length);
  }

  /**
   * Turns a second of all trials together while all of them run: from the moment at which the last of them is warm to that at which the
   * first of them is done.
   * @throws RangeError where there is no such time.
   */
  perSecond(): number {
    const all = [...this.#times.values()];
    if (all.length === 0) throw new RangeError("there was no turn");
    const from = Math.max(...all.map((times) => times[WARM_TURNS - 1] ?? Infinity));
    const to = Math.min(...all.map((times) => times.at(-1) ?? -Infinity));
    if (!(to > from)) throw new RangeError("the trials did not run side by side");
    const turns = all.flat().filter((at) => at > from && at <= to).length;
    return turns / ((to - from) / 1000);
  }

  get count(): number {
    return [...this.#times.values()].reduce((sum, times) => sum + times.length, 0);
  }
}
