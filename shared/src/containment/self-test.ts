import { z } from "zod";

/**
 * What became of one attempt to get out. `stopped`: the wall held, and what was to record it did. `detected`: it is not
 * stopped at once, and the instrument saw it and removed it. `escaped`: neither. `not-tested`: cannot be tried on this machine.
 */
export const ESCAPE_OUTCOMES = ["stopped", "detected", "escaped", "not-tested"] as const;

/** One attempt of the escape suite, as it went. */
export const escapeResultSchema = z.strictObject({
  id: z.string().max(60),
  outcome: z.enum(ESCAPE_OUTCOMES),
  /** What stopped it or saw it: "seccomp", "guard counter", "sterility: files" ... */
  by: z.string().max(120),
  /** What was seen, hostile text. */
  detail: z.string().max(300),
});
export type EscapeResult = z.infer<typeof escapeResultSchema>;

/** A run of the escape suite on a node. */
export const selfTestSchema = z.strictObject({
  bootId: z.string().max(64),
  /** Driver and its version. */
  driver: z.string().max(100),
  /** No case escaped, and every case that this machine can try was tried. */
  green: z.boolean(),
  cases: z.array(escapeResultSchema).max(300),
  tookMs: z.number(),
});
export type SelfTest = z.infer<typeof selfTestSchema>;
