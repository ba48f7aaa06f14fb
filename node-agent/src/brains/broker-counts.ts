/** What ended the brain's answers to an agent; `own-brain`: it put another in the place of the original, which was its brain. */
export type Over = "tokens" | "cost" | "context" | "policy" | "own-brain";

export interface BrokerCounts {
  /** Put to the brain. */
  readonly requests: number;
  /** Answered with an error by the broker itself: token, shape, size, limit. */
  readonly refused: number;
  /** Answered by the brain. */
  readonly answered: number;
  /** Put to the brain, which gave an error. */
  readonly failed: number;
  /** The last question put to the brain found nobody so far: no connection, no answer in time, a rate limit that is being waited out. */
  readonly unreachable: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Answers whose server did not say what it used: they count as no tokens and no cost. */
  readonly unmetered: number;
  /** By the order's price; null where it gives none. */
  readonly costUsd: number | null;
  /** Milliseconds spent waiting to ask the brain again, up to now. */
  readonly waitedMs: number;
  /** Milliseconds spent in the gate, up to now: paused, or a person was asked. */
  readonly heldMs: number;
  /** Null while nothing has ended the brain's answers. */
  readonly over: Over | null;
  /** The brain's server answered as another model than at first; the first such change. Hostile text. */
  readonly changedModel: { readonly from: string; readonly to: string } | null;
}
