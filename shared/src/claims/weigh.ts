import { rungOf } from "./claim-name.ts";
import type { ClaimResult } from "./claim.ts";
import type { Verdict } from "./verdict.ts";

/** What the claims that are needed amount to for one copy. `reason` may quote hostile text. */
export interface Weighed {
  readonly verdict: Exclude<Verdict, "invalid">;
  readonly reason: string;
}

/** Refuted when one is refuted (the lowest says why), else indeterminate when one was not tested, else confirmed. */
export function weigh(needed: readonly ClaimResult[]): Weighed {
  const lowest = needed.find((c) => c.result === "refuted");
  if (lowest !== undefined)
    return {
      verdict: "refuted",
      reason: `rung ${rungOf(lowest.claim)} ${lowest.claim}: ${lowest.reason}`.slice(0, 1500),
    };
  const untested = needed.filter((c) => c.result === "not-tested");
  if (untested.length > 0)
    return { verdict: "indeterminate", reason: `not tested: ${untested.map(nameWithRung).join(", ")}` };
  return { verdict: "confirmed", reason: `proven: ${needed.map(nameWithRung).join(", ")}` };
}

const WORTH: Readonly<Record<Verdict, number>> = { confirmed: 3, indeterminate: 2, refuted: 1, invalid: 0 };

interface Judged {
  readonly verdict: Verdict;
  readonly claims: readonly ClaimResult[];
}
const proven = ({ claims }: Judged) => claims.filter((c) => c.result === "proven").length;

/** The better of two copies: confirmed before indeterminate before refuted, then by how many claims are proven. */
export function isBetter(a: Judged, b: Judged): boolean {
  if (a.verdict !== b.verdict) return WORTH[a.verdict] > WORTH[b.verdict];
  return proven(a) > proven(b);
}

const nameWithRung = (c: ClaimResult) => `${rungOf(c.claim)} ${c.claim}`;
