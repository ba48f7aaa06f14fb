import { refOf, untestedBecause, type Evidence } from "../evidence/evidence.ts";
import type { ClaimName } from "./claim-name.ts";
import type { ClaimResult } from "./claim.ts";

/** A claim whose test did not run, with the daemon's own reason when it left one; `refs` are what was there of it. */
export function notTested(
  claim: ClaimName,
  why: string,
  evidence: Evidence,
  refs: ClaimResult["evidence"] = [],
): ClaimResult {
  const said = untestedBecause(evidence, claim);
  const reasons = said.map((u) => u.body.why);
  return {
    claim,
    result: "not-tested",
    reason: (reasons.length > 0 ? reasons.join("; ") : why).slice(0, 1000),
    evidence: [...refs, ...said.map(refOf)],
  };
}

/** The target's daemon left no baseline or no snapshot: nothing about processes or sockets can be said. */
export function noSnapshot(claim: ClaimName, evidence: Evidence): ClaimResult {
  return notTested(claim, "the target's daemon recorded no baseline or no snapshot after the run", evidence);
}
