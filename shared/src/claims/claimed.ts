import type { Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";

/** Rung 0: the agent says so. Recorded; no profile counts it. */
export function claimed(evidence: Evidence): ClaimResult {
  const words = evidence.observations.filter((o) => o.body.kind === "claimed");
  const last = words.at(-1);
  if (last?.body.kind !== "claimed")
    return {
      claim: "claimed",
      result: "refuted",
      reason: "the agent made no statement that it is done",
      evidence: [],
    };
  return {
    claim: "claimed",
    result: "proven",
    reason: `the agent said: ${last.body.text.slice(0, 300)}`,
    evidence: words.map((o) => ({ node: o.node, seq: o.seq })),
  };
}
