import type { AttemptKey, Fault } from "@redline/shared";
import { AttemptCancelled, AttemptFault, faultOf } from "../attempts/attempt-fault.ts";
import { attemptName } from "../journal/unfinished.ts";

/** How a part ended. */
export interface PartEnd {
  /** Null where the origin or the coordinator asked for the end. */
  readonly fault: Fault | null;
  readonly why: string;
  /** The origin's request failed with it, and so it is known there. */
  readonly told?: boolean;
}

const MOST = 1000;

/** How the last parts ended that this daemon had for other nodes' attempts; the oldest are forgotten. */
export class OverParts {
  readonly #ends = new Map<string, PartEnd>();

  note(key: AttemptKey, end: PartEnd): void {
    this.#ends.set(attemptName(key), end);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= MOST) break;
      this.#ends.delete(oldest);
    }
  }

  /** Null while it is not over here, or was never here. */
  endOf(key: AttemptKey): PartEnd | null {
    return this.#ends.get(attemptName(key)) ?? null;
  }
}

/**
 * A part's end by the reason that its signal aborted with, or that its building failed with.
 * @param draining the daemon itself ends, and cancels what it has
 */
export function whyEnded(reason: unknown, draining: boolean): PartEnd {
  const why = (reason instanceof Error ? reason.message : String(reason)).slice(0, 500);
  if (reason instanceof AttemptFault) return { fault: reason.fault, why };
  if (draining) return { fault: "node-draining", why: "this daemon was told to end" };
  if (reason instanceof AttemptCancelled) return { fault: null, why };
  return { fault: faultOf(reason), why };
}
