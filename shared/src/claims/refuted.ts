import type { Candidates } from "../evidence/candidates.ts";
import { copiesLeftOut } from "../evidence/copies.ts";
import { untestedBecause, type Evidence } from "../evidence/evidence.ts";
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
  return notTested(claim, `${found.unseen} (seen: ${reason})`, evidence, refs);
}

/**
 * A refutation from rung 3 on, where only some candidates are asked and fewer are tested further: none either while the right
 * one may be among the others.
 */
export function copyRefuted(
  claim: ClaimName,
  reason: string,
  found: Pick<Candidates, "unseen">,
  refs: ClaimResult["evidence"],
  evidence: Evidence,
): ClaimResult {
  const unasked = untestedBecause(evidence, "answers").length > 0 ? "not every listener was asked" : null;
  const untried = copiesLeftOut(evidence) ? "more ports answer than were tested further" : null;
  return refuted(claim, reason, { unseen: found.unseen ?? unasked ?? untried }, refs, evidence);
}
