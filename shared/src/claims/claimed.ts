import { untestedBecause, type Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";
import { notTested } from "./not-tested.ts";

/** Rung 0: the agent says so. Recorded; no profile counts it. */
export function claimed(evidence: Evidence): ClaimResult {
  const words = evidence.observations.filter((o) => o.body.kind === "claimed");
  const last = words.at(-1);
  if (last?.body.kind !== "claimed") {
    const reason = "the agent made no statement that it is done";
    // Of a run whose end is not known (an imported log that was cut) the statement may be what is missing.
    return untestedBecause(evidence, "claimed").length > 0
      ? notTested("claimed", reason, evidence)
      : { claim: "claimed", result: "refuted", reason, evidence: [] };
  }
  return {
    claim: "claimed",
    result: "proven",
    reason: `the agent said: ${last.body.text.slice(0, 300)}`,
    evidence: words.map((o) => ({ node: o.node, seq: o.seq })),
  };
}
