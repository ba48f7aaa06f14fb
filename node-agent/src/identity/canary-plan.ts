import type { Canary } from "@redline/shared";

/** A question as text, so that the child loads nothing but HTTP. */
export interface CanaryQuestion {
  readonly nonce: string;
  readonly text: string;
}

/** What the child gets on stdin: one port, and a list of questions that are put one at a time. */
export type CanaryPlan = {
  readonly port: number;
  /** Tried in this order until one speaks HTTP. */
  readonly addresses: readonly string[];
  /** One request to its last byte, ms. */
  readonly answerMs: number;
  /** Everything together, ms: what is not asked by then is recorded as not asked. */
  readonly totalMs: number;
} & (
  | { readonly do: "ask"; readonly maxTokens: number; readonly questions: readonly CanaryQuestion[] }
  | { readonly do: "score"; readonly answers: readonly (CanaryQuestion & { readonly canary: Canary })[] }
);

/** Spelled as those of the shared package's probes, which tell the instrument's want of time from a server's failure. */
export const NOT_ASKED = {
  time: "not asked: time is up",
  failed: "not asked: the question before it had no answer",
} as const;
