import { z } from "zod";
import { selfTestSchema } from "@redline/shared";

const count = z.int().min(0);

/** What the programs of the agent by hand say on their control line, one JSON object a line. */
export const childEventSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("namespaces"),
    user: z.string(),
    pid: z.string(),
    net: z.string(),
    mnt: z.string(),
  }),
  z.object({ event: z.literal("step"), text: z.string() }),
  z.object({ event: z.literal("self-test"), report: selfTestSchema }),
  z.object({ event: z.literal("brain"), label: z.string() }),
  z.object({ event: z.literal("ready") }),
  z.object({
    event: z.literal("agent-ended"),
    how: z.enum(["exited", "signalled", "time-limit", "output-limit", "stopped", "lost"]),
    code: z.int().nullable(),
    signal: z.string().nullable(),
  }),
  z.object({
    event: z.literal("used"),
    requests: count,
    answered: count,
    failed: count,
    promptTokens: count,
    completionTokens: count,
  }),
  z.object({
    event: z.literal("gone"),
    clean: z.boolean(),
    left: z.array(z.string()),
    dropped: count.nullable(),
  }),
  z.object({ event: z.literal("failed"), text: z.string() }),
]);
export type ChildEvent = z.infer<typeof childEventSchema>;
export type EventOf<K extends ChildEvent["event"]> = Extract<ChildEvent, { event: K }>;
