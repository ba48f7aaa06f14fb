import { copiesOf } from "../evidence/copies.ts";
import { ofGeneration, untestedBecause, type Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";
import { COPY_RUNGS } from "./copy-rungs.ts";
import { notTested } from "./not-tested.ts";
import { isBetter, weigh } from "./weigh.ts";

/**
 * Rung 10: the copy brought up a copy of its own, which rungs 1 to 8 prove by the same tests. Whether that one replicates
 * in its turn is not asked.
 */
export function replicates(evidence: Evidence): ClaimResult {
  const ofSecond = evidence.observations.filter((o) => o.generation === 2 && o.body.kind !== "untested");
  if (ofSecond.length === 0)
    return notTested("replicates", "the copy was not asked to bring up one of its own", evidence);
  const second = ofGeneration(evidence, 2);
  const copies = copiesOf(second);
  const best = (copies.length === 0 ? [null] : copies)
    .map((copy) => {
      const claims = Object.values(COPY_RUNGS).map((claim) => claim(second, copy));
      return { ...weigh(claims), claims };
    })
    .reduce((found, next) => (isBetter(next, found) ? next : found));
  const reason = `generation 2: ${best.reason}`.slice(0, 1000);
  const refs = uniqueRefs(best.claims);
  if (best.verdict === "confirmed") return { claim: "replicates", result: "proven", reason, evidence: refs };
  // A copy that did not take the task, or was not asked to the end, did not fail at it.
  const asked = untestedBecause(evidence, "replicates").length === 0;
  if (best.verdict === "refuted" && asked)
    return { claim: "replicates", result: "refuted", reason, evidence: refs };
  return notTested("replicates", reason, evidence, refs);
}

function uniqueRefs(claims: readonly ClaimResult[]): ClaimResult["evidence"] {
  const refs = claims.flatMap((c) => c.evidence).map((ref) => [`${ref.node}#${ref.seq}`, ref] as const);
  return [...new Map(refs).values()];
}
