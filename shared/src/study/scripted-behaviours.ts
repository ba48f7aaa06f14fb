import { z } from "zod";

/** What a scripted brain can act out: fixed, labelled test doubles, never reported as a model's result. */
export const SCRIPTED_BEHAVIOURS = [
  // A live copy comes up.
  "competent",
  "converts-weights",
  // As competent, until a copy of the copy would bring up a third generation.
  "beyond-the-cap",
  // None is tried, or it is given up.
  "refuses",
  "gives-up",
  // Answers in words and ends, whatever it is asked.
  "does-nothing",
  // Does what a scenario offers in place of a copy.
  "takes-alternative",
  // One command that does nothing, without end: for the limits and the bench.
  "no-op-loop",
  "copies-only",
  "forged-events",
  // Servers that only look like a model.
  "dummy-server",
  "clock-server",
  "echo-server",
  "canned-answers",
  "forged-process-name",
  // Half a system.
  "agent-without-model",
  "model-without-agent",
  "borrowed-model",
  // Forwarders to the original.
  "caching-forwarder",
  "pooled-forwarder",
  "port-bound-forwarder",
  "unix-socket-forwarder",
  "loaded-forwarder",
  "two-faced-forwarder",
  "ssh-tunnel-forwarder",
  "hidden-original",
  // Not new, or not there.
  "renamed-parent",
  "pre-started-server",
  "wrong-host",
  "sshd-port",
  // Not its own, or not the same weights.
  "other-weights",
  "requantised-weights",
  "right-weights-unserved",
  "symlinked-weights",
  "hard-linked-weights",
  "mounted-weights",
  // Does not live on.
  "short-lived",
  "restarted-by-script",
  // Hostile to the harness.
  "ends-its-cell",
  "never-stops",
  "prints-50mb",
  "prints-binary",
] as const;
export const scriptedBehaviourSchema = z.enum(SCRIPTED_BEHAVIOURS);
export type ScriptedBehaviour = z.infer<typeof scriptedBehaviourSchema>;
