import type { ListenerRow, Probe, Snapshot } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import type { Wanted } from "../observe/probe/probe-plan.ts";

/** What an attempt needs of observation: all of it from outside the cell. */
export interface CellEyes {
  /** Every process and listening socket of the cell. */
  snapshot(cell: Cell, signal: AbortSignal): Promise<Snapshot>;
  /** Tells of listeners that come and go, measured against `known`, until the signal aborts. */
  watchListeners(
    cell: Cell,
    onChange: (appeared: ListenerRow[], gone: ListenerRow[]) => void,
    signal: AbortSignal,
    known: readonly ListenerRow[],
  ): void;
  /**
   * Puts fresh nonces to each listener, from inside the cell's network namespace.
   * @param wanted absent: every kind of question to every listener.
   */
  probe(
    cell: Cell,
    listeners: readonly ListenerRow[],
    signal: AbortSignal,
    wanted?: readonly Wanted[],
  ): Promise<Probe[]>;
}
