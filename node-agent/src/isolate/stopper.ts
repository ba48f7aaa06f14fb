import type { ProcessKey } from "@redline/shared";
import type { Frozen } from "../challenge/instruments.ts";

export type FreezeWay = Frozen["how"];

/** One way to stop processes, for one freeze. */
export interface Stopper {
  readonly how: FreezeWay;
  /**
   * Stops a process if it still is the one meant; again, where it was set going. False: it is gone.
   * @throws NotThisWay when this machine does not let us.
   */
  stop(key: ProcessKey): boolean;
  /** Lets one go that was stopped by mistake. Never throws. */
  release(key: ProcessKey): void;
  /** Which of these do not stand still, or not yet. */
  restless(keys: readonly ProcessKey[]): ProcessKey[];
  /** Lets all go. Idempotent, never rejects. */
  end(): Promise<void>;
}

/** A way of stopping processes that this machine refuses; the next one is tried. */
export class NotThisWay extends Error {
  override readonly name = "NotThisWay";
}
