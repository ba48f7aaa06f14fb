import type { z } from "zod";
import type { cancelOrderSchema, ControlAnswer, InterveneOrder } from "@redline/shared";
import type { Registry } from "../attempts/registry.ts";
import type { CancelledRuns } from "./cancelled-runs.ts";
import type { HeldRuns } from "./held-runs.ts";

/**
 * Ends a trial's parts on this node up to the named attempt, those too that still wait for a slot or whose command was not read yet;
 * resolves when they are gone. Safe to repeat.
 */
export async function cancelTrial(
  registry: Registry,
  order: z.infer<typeof cancelOrderSchema>,
  held: Pick<HeldRuns, "cancel">,
  cancelled: Pick<CancelledRuns, "note">,
): Promise<number> {
  cancelled.note(order.trial, order.attempt);
  held.cancel(order.trial, order.attempt);
  return registry.cancel(
    (part) => part.key.trial === order.trial && part.key.attempt <= order.attempt,
    order.reason,
  );
}

/** What a person does to the agent of an attempt, which its origin's part alone can do. Not safe to repeat. */
export function intervene(
  registry: Pick<Registry, "find">,
  { trial, attempt, who, why, act }: InterveneOrder,
): Promise<Pick<ControlAnswer, "done" | "why">> {
  const part = registry.find({ trial, attempt }, "origin");
  if (part === undefined)
    return Promise.resolve({ done: false, why: "the origin's part of this attempt does not run here" });
  return (
    part.intervene?.({ who, why, act }) ??
    Promise.resolve({ done: false, why: `no agent runs now; the attempt is at: ${part.phase}` })
  );
}
