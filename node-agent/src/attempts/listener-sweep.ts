import type { ListenerRow, ObservationBody } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import type { CellEyes } from "./cell-eyes.ts";

/** Rows of one sweep's record. */
const MAX_SWEPT = 50;
/** Records of sweeps: listeners that flap by the hundred would fill every journal on their way. The pictures go on. */
const MAX_RECORDS = 500;

/** Looks for listeners of one cell that come and go during the run, and counts those that are there. */
export class ListenerSweep {
  readonly #ending = new AbortController();
  #candidates = 0;
  #records = 0;

  /** Listening candidates at the last look. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Sweeps from these listeners on, until `close`; each change goes to `observe`. */
  start(
    eyes: CellEyes,
    cell: Cell,
    known: readonly ListenerRow[],
    observe: (body: ObservationBody) => Promise<void>,
  ): void {
    eyes.watchListeners(
      cell,
      (appeared, gone) => {
        this.#candidates = Math.max(0, this.#candidates + appeared.length - gone.length);
        this.#records += 1;
        if (this.#records > MAX_RECORDS) return;
        void observe({
          kind: "sweep",
          appeared: appeared.slice(0, MAX_SWEPT),
          gone: gone.slice(0, MAX_SWEPT),
        }).catch(() => undefined);
      },
      this.#ending.signal,
      known,
    );
  }

  /** The picture to judge knows better than the sweeps. */
  settledAt(candidates: number): void {
    this.#candidates = candidates;
  }

  /** Safe at any time, more than once. */
  close(): void {
    this.#ending.abort();
    this.#candidates = 0;
  }
}
