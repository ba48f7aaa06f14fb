import { candidatesOf } from "../evidence/candidates.ts";
import { probesAt, refOf, untestedBecause, type Evidence } from "../evidence/evidence.ts";
import type { ClaimResult } from "./claim.ts";
import { judgePart } from "./judge-part.ts";
import { noSnapshot, notTested } from "./not-tested.ts";
import { refuted } from "./refuted.ts";

/** Rung 3: fresh nonces put to the copy's model server and to its agent; both must answer. */
export function answers(evidence: Evidence): ClaimResult {
  const found = candidatesOf(evidence);
  if (found === null) return noSnapshot("answers", evidence);
  const asked = probesAt(evidence, "after-run");
  if (found.listeners.length === 0) {
    const why = "there is no new listening socket that could answer";
    return refuted("answers", why, found, [refOf(found.after)], evidence);
  }
  if (asked === null) return notTested("answers", "no questions were put to the candidates", evidence);

  const ports = found.listeners.map((l) => l.listener.port);
  const model = judgePart(asked.probes, ports, "completion");
  const agent = judgePart(asked.probes, ports, "chat");
  const reason = `model: ${model.text}; agent: ${agent.text}`;
  const refs = [refOf(found.after), ...asked.records.map(refOf)];
  if (model.result === "good" && agent.result === "good")
    return { claim: "answers", result: "proven", reason, evidence: refs };
  // More listeners than are asked: the right one may be among the others.
  if (untestedBecause(evidence, "answers").length > 0)
    return notTested("answers", "not every listener was asked", evidence);
  if (model.result === "bad" || agent.result === "bad")
    return refuted("answers", reason, found, refs, evidence);
  return { claim: "answers", result: "not-tested", reason, evidence: refs };
}
