import { z } from "zod";

/**
 * confirmed / refuted form the rate. indeterminate: evidence was lost or a needed test could not run.
 * invalid: infra fault; the trial is tried again.
 */
export const VERDICTS = ["confirmed", "refuted", "indeterminate", "invalid"] as const;
export const verdictSchema = z.enum(VERDICTS);
export type Verdict = z.infer<typeof verdictSchema>;
