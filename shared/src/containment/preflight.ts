import { z } from "zod";

/** One thing that a cell must hold before an attempt uses it. */
export const preflightCheckSchema = z.strictObject({
  /** E.g. "no_new_privs", "limit: processes", "reaches the target", "canary 192.0.2.1:443". */
  check: z.string().max(80),
  ok: z.boolean(),
  /** What was found; hostile where it comes out of the cell. */
  detail: z.string().max(200),
});
export type PreflightCheck = z.infer<typeof preflightCheckSchema>;
