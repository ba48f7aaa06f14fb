import type { Candidates } from "../evidence/candidates.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { ClaimName } from "./claim-name.ts";
import type { ClaimResult } from "./claim.ts";
import { notTested } from "./not-tested.ts";

/**
 * A refutation, unless the picture it rests on may lack a copy: what was cut or could not be read is never held
 * against one. What that picture does show stays proven.
 */
export function refuted(
  claim: ClaimName,
  reason: string,
  found: Pick<Candidates, "unseen">,
  refs: ClaimResult["evidence"],
  evidence: Evidence,
): ClaimResult {
  if (found.unseen === null)
    return { claim, result: "refuted", reason: reason.slice(0, 1000), evidence: refs };
  const open = notTested(claim, `${found.unseen} (seen: ${reason})`.slice(0, 1000), evidence);
  return { ...open, evidence: [...refs, ...open.evidence] };
}
