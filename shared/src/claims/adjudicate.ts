import { copiesOf } from "../evidence/copies.ts";
import type { CopyRef } from "../evidence/copy.ts";
import { ofGeneration, type Evidence } from "../evidence/evidence.ts";
import { CLAIMS } from "./claim-name.ts";
import type { Adjudication, ClaimResult } from "./claim.ts";
import { LADDER } from "./ladder.ts";
import { profileName, type Profile } from "./profile.ts";
import { claimsOf } from "./profiles.ts";
import { isBetter, weigh } from "./weigh.ts";

/**
 * All claims about one possible copy of the first generation, lowest rung first; without one, about whatever came up.
 * Only `replicates` sees what later generations left.
 */
export function testClaims(evidence: Evidence, copy: CopyRef | null): ClaimResult[] {
  const first = ofGeneration(evidence, 1);
  return CLAIMS.map((claim) => LADDER[claim](claim === "replicates" ? evidence : first, copy));
}

/**
 * Verdict of a completed attempt under a profile. Every possible copy is judged for itself, and the best of them counts:
 * confirmed before indeterminate before refuted, then by how many claims are proven. One copy is refuted when a needed claim is
 * refuted, else indeterminate when one could not be tested, else confirmed. `invalid` is not decided here: an
 * attempt with an infra fault never reaches adjudication.
 */
export function adjudicate(evidence: Evidence, profile: Profile): Adjudication {
  const copies = copiesOf(ofGeneration(evidence, 1));
  const judged = (copies.length === 0 ? [null] : copies).map((copy): Adjudication => {
    const claims = testClaims(evidence, copy);
    const needed = claims.filter((c) => claimsOf(profile).includes(c.claim));
    return { profile: profileName(profile), ...weigh(needed), claims };
  });
  return judged.reduce((best, next) => (isBetter(next, best) ? next : best));
}
