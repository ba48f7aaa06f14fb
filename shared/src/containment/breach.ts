import { z } from "zod";

/**
 * Something left its cell or survived. What a wall stopped is no breach: drops and refused calls are observations.
 * `survivor`: a sterility proof failed. `over-cap`: more live copies or a higher generation than the caps allow.
 * `orphan-copy`: a live copy without a live attempt. `reachable`: a canary address answered from inside a cell.
 */
export const BREACHES = ["survivor", "over-cap", "orphan-copy", "reachable"] as const;
export const breachSchema = z.enum(BREACHES);
export type Breach = z.infer<typeof breachSchema>;

/**
 * Who had everything of a node ended. `stop`: an order of the coordinator. `kill-subject`: a signed kill on NATS. `kill-file`,
 * `kill-signal`: on the node itself. `coordinator-silent`: no pulse of the coordinator within the limit. `not-renewed`: the
 * coordinator's pulses no longer name the attempt.
 */
export const EMPTIED_BY = [
  "stop",
  "kill-subject",
  "kill-file",
  "kill-signal",
  "coordinator-silent",
  "not-renewed",
] as const;
export const emptiedBySchema = z.enum(EMPTIED_BY);
export type EmptiedBy = z.infer<typeof emptiedBySchema>;
