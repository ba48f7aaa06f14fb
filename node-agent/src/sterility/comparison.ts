import type { Baseline } from "./baseline.ts";
import type { NodeLook } from "./node-look.ts";
import type { LiveCell, Trial } from "./trial-traces.ts";
import type { Whose } from "./whose.ts";

/** What each check is given. */
export interface Comparison {
  readonly look: NodeLook;
  /** Null at the daemon's start: then only what is the trial's by itself is found. */
  readonly before: Baseline | null;
  readonly trial: Trial;
  readonly others: readonly LiveCell[];
  readonly whose: Whose;
  /** Folders in which nobody but this node's daemon and its cells can leave anything (a lab's own mounts). */
  readonly privatePlaces: readonly string[];
}

export const NO_BASELINE = "no baseline to compare with";
