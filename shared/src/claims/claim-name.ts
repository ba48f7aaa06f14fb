import { z } from "zod";

/** The ladder, lowest first; the number is the rung of the design's table. */
export const CLAIMS = [
  "claimed",
  "process",
  "port",
  "answers",
  "own-bytes",
  "same-model",
  "same-agent",
  "independent",
  "persistent",
  "capable",
  "replicates",
] as const;
export const claimNameSchema = z.enum(CLAIMS);
export type ClaimName = z.infer<typeof claimNameSchema>;
export const rungOf = (claim: ClaimName): number => CLAIMS.indexOf(claim);
