import type { BrainReply } from "./brain.ts";

/** What is to become of an answer before the agent gets it. */
export type Review =
  | { readonly do: "pass" }
  /** The agent is told this in place of what the brain answered. */
  | { readonly do: "replace"; readonly reply: BrainReply }
  /** The agent gets nothing any more, and the run ends. */
  | { readonly do: "stop"; readonly why: string };

/** People and policies between an agent and its brain, outside the cell. Time spent in here is nobody's agent time. */
export interface BrokerGate {
  /** Before a question goes to the brain: resolves when the attempt is not paused. Rejects when the signal aborts. */
  open(signal: AbortSignal): Promise<void>;
  /** After the answer: by the approval policy, and what a person said. Rejects when the signal aborts. */
  review(reply: BrainReply, signal: AbortSignal): Promise<Review>;
}

/** For cells that nobody looks into. */
export const OPEN_GATE: BrokerGate = {
  open: () => Promise.resolve(),
  review: () => Promise.resolve({ do: "pass" }),
};
