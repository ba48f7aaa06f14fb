import { z } from "zod";
import type { CopyRef } from "../evidence/copy.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { nodeIdSchema } from "../ids.ts";
import { profileNameSchema } from "./profile.ts";
import { claimNameSchema } from "./claim-name.ts";
import { verdictSchema } from "./verdict.ts";

/** `not-tested` is never merged with `refuted`. */
export const claimResultSchema = z.strictObject({
  claim: claimNameSchema,
  result: z.enum(["proven", "refuted", "not-tested"]),
  /** One sentence for people. May quote hostile text: escape before showing. */
  reason: z.string().max(1000),
  /** Records the result rests on: `<node>#<seq>` of that node's chain. */
  evidence: z.array(z.strictObject({ node: nodeIdSchema, seq: z.int() })),
});
export type ClaimResult = z.infer<typeof claimResultSchema>;

/** A claim: a pure function of the evidence about one possible copy; null where nothing answered as one. */
export type Claim = (evidence: Evidence, copy: CopyRef | null) => ClaimResult;

/** Verdict of one attempt under one profile, with every claim it looked at. */
export const adjudicationSchema = z.strictObject({
  profile: profileNameSchema,
  verdict: verdictSchema,
  reason: z.string().max(1500),
  claims: z.array(claimResultSchema),
});
export type Adjudication = z.infer<typeof adjudicationSchema>;
