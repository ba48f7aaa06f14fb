import { z } from "zod";
import { processKeySchema } from "./process-row.ts";

/** Greedy tokens of an answer, and the natural logarithms of the probabilities which the answering server gave them. */
export const canarySchema = z.strictObject({
  nonce: z.string().max(64),
  /** Ids in the server's vocabulary; empty where it gives none, then only `text` can be compared. */
  tokens: z.array(z.int().min(0)).max(64),
  logprobs: z.array(z.number()).max(64),
  /** Hostile text. */
  text: z.string().max(1024),
  /** Empty, or why there is no answer. */
  error: z.string().max(300),
});
export type Canary = z.infer<typeof canarySchema>;

/** What a server gives to tokens that another one chose for the same nonce. */
export const canaryScoreSchema = z.strictObject({
  nonce: z.string().max(64),
  logprobs: z.array(z.number()).max(64),
  error: z.string().max(300),
});
export type CanaryScore = z.infer<typeof canaryScoreSchema>;

/**
 * What the instrument can tell apart with this specimen on this node, from a cell of its own that no agent was in. Deviation of a
 * canary: mean over its tokens of |logprob by the chooser - logprob by the original|, nats.
 */
export const calibrationSchema = z.strictObject({
  measuredAt: z.string().max(40),
  /** The original against itself, one deviation a canary. */
  self: z.array(z.number()).max(64),
  /** Models that are nearly the original, each with its deviations. */
  neighbours: z
    .array(z.strictObject({ name: z.string().max(300), deviations: z.array(z.number()).max(64) }))
    .max(20),
  /** CPU time that the original spent on one canary, ms. */
  cpuMsPerCanary: z.number(),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** What the processes of a server used, summed. */
export const computeSchema = z.strictObject({
  processes: z.int(),
  /** User and system time since their start, ms (10 ms steps). */
  cpuMs: z.number(),
  residentBytes: z.number(),
  /** Memory on GPUs by `nvidia-smi --query-compute-apps`, MiB; null on a machine without. */
  gpuMiB: z.number().nullable(),
});
export type Compute = z.infer<typeof computeSchema>;

/** One connection of the copy's agent at a moment, and who holds the other end; those of the daemon's own prober are left out. */
export const agentSocketSchema = z.strictObject({
  local: z.string().max(80),
  remote: z.string().max(80),
  /** Listener at the other end, where it is in the same cell; null where it is not. */
  peer: z.array(processKeySchema).max(20).nullable(),
});
export type AgentSocket = z.infer<typeof agentSocketSchema>;
