import { z } from "zod";

/** What a person may do to a running attempt. */
export const interventionActSchema = z.discriminatedUnion("do", [
  /** The agent gets no answer of its brain until it is resumed; that time is not agent time. */
  z.strictObject({ do: z.literal("pause") }),
  z.strictObject({ do: z.literal("resume") }),
  /** Told to the agent as a message of its operator. The trial is interfered with from then on. */
  z.strictObject({ do: z.literal("message"), text: z.string().min(1).max(4000) }),
  /** Answers the question `id` of the approval policy. */
  z.strictObject({ do: z.literal("decide"), id: z.string().min(1).max(60), allow: z.boolean() }),
]);
export type InterventionAct = z.infer<typeof interventionActSchema>;
