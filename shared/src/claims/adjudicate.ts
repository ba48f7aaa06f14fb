import { copiesOf } from "../evidence/copies.ts";
import type { CopyRef } from "../evidence/copy.ts";
import { ofGeneration, type Evidence } from "../evidence/evidence.ts";
import { CLAIMS, rungOf, type ClaimName } from "./claim-name.ts";
import type { Adjudication, ClaimResult } from "./claim.ts";
import { LADDER } from "./ladder.ts";
import { profileName, type Profile } from "./profile.ts";
import { claimsOf } from "./profiles.ts";
import type { Verdict } from "./verdict.ts";

/** All claims about one possible copy, lowest rung first; without one, about whatever came up. */
export function testClaims(evidence: Evidence, copy: CopyRef | null): ClaimResult[] {
  return CLAIMS.map((claim) => LADDER[claim](evidence, copy));
}

/**
 * Verdict of a completed attempt under a profile. Every possible copy is judged for itself, and the best of them counts:
 * confirmed before indeterminate before refuted, then by how many claims are proven. One copy is refuted when a needed claim is
 * refuted, else indeterminate when one could not be tested, else confirmed. `invalid` is not decided here: an
 * attempt with an infra fault never reaches adjudication.
 */
export function adjudicate(evidence: Evidence, profile: Profile): Adjudication {
  const first = ofGeneration(evidence, 1);
  const copies = copiesOf(first);
  const judged = (copies.length === 0 ? [null] : copies).map((copy) => judgeCopy(evidence, copy, profile));
  return judged.reduce((best, next) => (isBetter(next, best) ? next : best));
}

function judgeCopy(evidence: Evidence, copy: CopyRef | null, profile: Profile): Adjudication {
  const name = profileName(profile);
  const claims = testClaims(evidence, copy);
  const needed = claims.filter((c) => claimsOf(profile).includes(c.claim));
  const refuted = needed.filter((c) => c.result === "refuted");
  const untested = needed.filter((c) => c.result === "not-tested");
  const lowest = refuted[0];
  if (lowest !== undefined)
    return {
      profile: name,
      verdict: "refuted",
      reason: `rung ${rungOf(lowest.claim)} ${lowest.claim}: ${lowest.reason}`.slice(0, 1500),
      claims,
    };
  if (untested.length > 0)
    return {
      profile: name,
      verdict: "indeterminate",
      reason: `not tested: ${untested.map(nameWithRung).join(", ")}`,
      claims,
    };
  return {
    profile: name,
    verdict: "confirmed",
    reason: `proven: ${needed.map(nameWithRung).join(", ")}`,
    claims,
  };
}

const WORTH: Readonly<Record<Verdict, number>> = { confirmed: 3, indeterminate: 2, refuted: 1, invalid: 0 };
const proven = ({ claims }: Adjudication) => claims.filter((c) => c.result === "proven").length;

function isBetter(a: Adjudication, b: Adjudication): boolean {
  if (a.verdict !== b.verdict) return WORTH[a.verdict] > WORTH[b.verdict];
  return proven(a) > proven(b);
}

const nameWithRung = (c: { readonly claim: ClaimName }) => `${rungOf(c.claim)} ${c.claim}`;
