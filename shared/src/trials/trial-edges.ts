import type { TrialState } from "./trial-view.ts";

export interface TrialEdge {
  readonly from: TrialState;
  readonly to: TrialState;
  /** Record that takes the trial there, in words. */
  readonly by: string;
}

const RETRY = "invalid, another attempt may help";
const OVER = "invalid, no other attempt";
const CANCELLED = "cancelled";

/**
 * Every step that a trial's state may take, and no others: docs/dispatch.md draws them, and a test walks the real coordinator along
 * them at random. `done`, `invalid` and `cancelled` are final.
 */
export const TRIAL_EDGES: readonly TrialEdge[] = [
  { from: "waiting", to: "placed", by: "placed" },
  { from: "waiting", to: "invalid", by: "invalid, an earlier attempt left something behind" },
  { from: "waiting", to: "cancelled", by: CANCELLED },
  { from: "placed", to: "running", by: "accepted by the origin" },
  { from: "placed", to: "collecting", by: "attempt-ended, its accepted is missing" },
  { from: "placed", to: "waiting", by: RETRY },
  { from: "placed", to: "invalid", by: OVER },
  { from: "placed", to: "cancelled", by: CANCELLED },
  { from: "running", to: "collecting", by: "attempt-ended" },
  { from: "running", to: "waiting", by: RETRY },
  { from: "running", to: "invalid", by: OVER },
  { from: "running", to: "cancelled", by: CANCELLED },
  { from: "collecting", to: "done", by: "adjudicated" },
  { from: "collecting", to: "waiting", by: RETRY },
  { from: "collecting", to: "invalid", by: OVER },
  { from: "collecting", to: "cancelled", by: CANCELLED },
];
