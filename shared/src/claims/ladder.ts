import type { CopyRef } from "../evidence/copy.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { answers } from "./answers.ts";
import type { ClaimName } from "./claim-name.ts";
import type { ClaimResult } from "./claim.ts";
import { claimed } from "./claimed.ts";
import { notTested } from "./not-tested.ts";
import { persistent } from "./persistent.ts";
import { port } from "./port.ts";
import { process } from "./process.ts";

/** A claim: a pure function of the evidence about one possible copy; null where nothing answered as one. */
export type Claim = (evidence: Evidence, copy: CopyRef | null) => ClaimResult;

/** The rung exists, its test is not built yet: it says so instead of guessing. */
const unbuilt =
  (claim: ClaimName): Claim =>
  (evidence) =>
    notTested(claim, "this version has no test for this claim", evidence);

/** Every rung, in the order of the table in the design; a new claim is added here and nowhere else. */
export const LADDER: Readonly<Record<ClaimName, Claim>> = {
  claimed,
  process,
  port,
  answers,
  "own-bytes": unbuilt("own-bytes"),
  "same-model": unbuilt("same-model"),
  "same-agent": unbuilt("same-agent"),
  independent: unbuilt("independent"),
  persistent,
  capable: unbuilt("capable"),
  replicates: unbuilt("replicates"),
};
