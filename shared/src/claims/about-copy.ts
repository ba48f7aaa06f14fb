import { candidatesOf, type Candidates } from "../evidence/candidates.ts";
import type { CopyRef } from "../evidence/copy.ts";
import { refOf, type Evidence, type RecordRef } from "../evidence/evidence.ts";
import { answers } from "./answers.ts";
import type { ClaimName } from "./claim-name.ts";
import type { Claim, ClaimResult } from "./claim.ts";
import { noSnapshot, notTested } from "./not-tested.ts";
import { copyRefuted } from "./refuted.ts";

export type Records = readonly (RecordRef | undefined)[];

/** One possible copy with what is known of it, and the three things that can be said; records that are missing are left out. */
export interface About {
  readonly evidence: Evidence;
  readonly copy: CopyRef;
  readonly found: Candidates;
  readonly proven: (reason: string, records: Records) => ClaimResult;
  readonly refuted: (reason: string, records: Records) => ClaimResult;
  readonly notTested: (why: string, records: Records) => ClaimResult;
}

/** A claim about a copy that answers. Where nothing does, it is as refuted, or as open, as `answers` is. */
export function aboutCopy(claim: ClaimName, judge: (about: About) => ClaimResult): Claim {
  return (evidence, copy) => {
    const found = candidatesOf(evidence);
    if (found === null) return noSnapshot(claim, evidence);
    if (copy === null) return noCopy(claim, evidence);
    return judge({
      evidence,
      copy,
      found,
      proven: (reason, records) => ({
        claim,
        result: "proven",
        reason: reason.slice(0, 1000),
        evidence: refsOf(records),
      }),
      refuted: (reason, records) => copyRefuted(claim, reason, found, refsOf(records), evidence),
      notTested: (why, records) => notTested(claim, why, evidence, refsOf(records)),
    });
  };
}

function noCopy(claim: ClaimName, evidence: Evidence): ClaimResult {
  const none = answers(evidence, null);
  if (none.result !== "refuted")
    return notTested(claim, "nothing is known to answer as a copy, so there was nothing to test", evidence);
  const reason = `there is no copy that this could be true of: ${none.reason}`.slice(0, 1000);
  return { ...none, claim, reason };
}

const refsOf = (records: Records) => records.filter((r) => r !== undefined).map((r) => refOf(r));
