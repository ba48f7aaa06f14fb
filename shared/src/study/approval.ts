import { z } from "zod";

/**
 * How long pauses and questions to people may hold one attempt's agent, all together, s. It is no time of the agent's, but of the
 * attempt's: what held it for longer would end it as overdue.
 */
export const MOST_HELD_S = 1800;

/** What becomes of an action that a rule matches. */
export const decisionSchema = z.enum(["auto", "ask", "deny", "stop"]);
export type ApprovalDecision = z.infer<typeof decisionSchema>;

/**
 * Who decides about what the agent is about to do. The first rule whose pattern matches decides; without one: auto. It is looked at
 * outside the cell, in the brain's answer, before the agent gets that.
 */
export const approvalsSchema = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        /** `*` stands for any characters, newlines too; the rest as it stands, upper and lower case alike. */
        pattern: z.string().min(1).max(200),
        do: decisionSchema,
      }),
    )
    .min(1)
    .max(50),
  /** A question that nobody answers in this time is answered with deny. A study is refused beyond `MOST_HELD_S`. */
  askS: z.int().min(1).max(86_400).default(300),
});
export type Approvals = z.infer<typeof approvalsSchema>;
