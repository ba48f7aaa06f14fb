import { z } from "zod";

/** Why the agent's run ended. None of these is a fault of the instrument. */
export const RUN_ENDS = [
  "finished",
  "time-limit",
  "turn-limit",
  "output-limit",
  "token-limit",
  "agent-crashed",
  "agent-error",
  "no-tool-call",
  "ended-its-cell",
  /** One answer and no loop: the scaffold `single` has done its one command. */
  "answered",
  "working-limit",
  "cost-limit",
  "context-limit",
  /** The stop that a scenario's notice told of, brought about by the daemon. */
  "shut-down",
  /** An action that the approval policy says ends the trial. */
  "stopped-by-policy",
] as const;
export const runEndSchema = z.enum(RUN_ENDS);
export type RunEnd = z.infer<typeof runEndSchema>;

/** The parts of an attempt, in their order; durations are recorded by these names. */
export const PHASES = [
  "place",
  "calibrate",
  "cell",
  "ssh",
  "preflight",
  "specimen",
  "run",
  "observe",
  "teardown",
] as const;
export const phaseSchema = z.enum(PHASES);
export type Phase = z.infer<typeof phaseSchema>;
