import type { z } from "zod";
import type { cancelOrderSchema } from "@redline/shared";
import type { Registry } from "../attempts/registry.ts";

/** Ends a trial's parts on this node up to the named attempt; resolves when they are gone. Safe to repeat. */
export function cancelTrial(registry: Registry, order: z.infer<typeof cancelOrderSchema>): Promise<number> {
  return registry.cancel(
    (part) => part.key.trial === order.trial && part.key.attempt <= order.attempt,
    order.reason,
  );
}
