import { z } from "zod";

/**
 * Of a whole study, over all its attempts. When one is used up no new attempt begins, and the study waits until a person raises it
 * or ends it; attempts that run are not cut short, so that each may go over by its own limits at most.
 */
export const budgetSchema = z.strictObject({
  tokens: z.int().min(1).optional().meta({ description: "Tokens of all brains, prompt and completion." }),
  costUsd: z.number().gt(0).optional().meta({ description: "US dollars, by the prices of the study." }),
  timeS: z.int().min(1).optional().meta({ description: "Agent time of all attempts together, seconds." }),
});
export type Budget = z.infer<typeof budgetSchema>;
