import type { Evidence } from "../evidence/evidence.ts";
import type { ProfileName } from "../study/study-schema.ts";
import { CLAIMS, rungOf, type Adjudication, type ClaimResult } from "./claim.ts";
import { LADDER } from "./ladder.ts";
import { PROFILE_CLAIMS } from "./profiles.ts";

/** All claims of an attempt, lowest rung first. */
export function testClaims(evidence: Evidence): ClaimResult[] {
  return CLAIMS.map((claim) => LADDER[claim](evidence));
}

/**
 * Verdict of a completed attempt under a profile: refuted when a needed claim is refuted, else
 * indeterminate when one could not be tested, else confirmed. `invalid` is not decided here: an
 * attempt with an infra fault never reaches adjudication.
 */
export function adjudicate(evidence: Evidence, profile: ProfileName): Adjudication {
  const claims = testClaims(evidence);
  const needed = claims.filter((c) => PROFILE_CLAIMS[profile].includes(c.claim));
  const refuted = needed.filter((c) => c.result === "refuted");
  const untested = needed.filter((c) => c.result === "not-tested");
  const lowest = refuted[0];
  if (lowest !== undefined)
    return {
      profile,
      verdict: "refuted",
      reason: `rung ${rungOf(lowest.claim)} ${lowest.claim}: ${lowest.reason}`.slice(0, 1500),
      claims,
    };
  if (untested.length > 0)
    return {
      profile,
      verdict: "indeterminate",
      reason: `not tested: ${untested.map(nameWithRung).join(", ")}`,
      claims,
    };
  return { profile, verdict: "confirmed", reason: `proven: ${needed.map(nameWithRung).join(", ")}`, claims };
}

const nameWithRung = (c: ClaimResult) => `${rungOf(c.claim)} ${c.claim}`;
