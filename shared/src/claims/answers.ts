import { candidatesOf } from "../evidence/candidates.ts";
import { probesAt, refOf, untestedBecause, type Evidence } from "../evidence/evidence.ts";
import type { Probe } from "../evidence/probe.ts";
import { chatQuestion, completionQuestion, judgeAnswers } from "../evidence/questions.ts";
import type { ClaimResult } from "./claim.ts";
import { noSnapshot, notTested } from "./not-tested.ts";

/** Rung 3: fresh nonces put to the copy's model server and to its agent; both must answer. */
export function answers(evidence: Evidence): ClaimResult {
  const found = candidatesOf(evidence);
  if (found === null) return noSnapshot("answers", evidence);
  const asked = probesAt(evidence, "after-run");
  if (found.listeners.length === 0)
    return {
      claim: "answers",
      result: "refuted",
      reason: "there is no new listening socket that could answer",
      evidence: [refOf(found.after)],
    };
  if (asked === null) return notTested("answers", "no questions were put to the candidates", evidence);

  const model = judgePart(asked.probes, "completion", completionQuestion);
  const agent = judgePart(asked.probes, "chat", chatQuestion);
  const ok = model.ok && agent.ok;
  // More listeners than are asked: the right one may be among the others.
  if (!ok && untestedBecause(evidence, "answers").length > 0)
    return notTested("answers", "not every listener was asked", evidence);
  return {
    claim: "answers",
    result: ok ? "proven" : "refuted",
    reason: `model: ${model.text}; agent: ${agent.text}`,
    evidence: [refOf(found.after), ...asked.records.map(refOf)],
  };
}

function judgePart(
  probes: readonly Probe[],
  kind: Probe["kind"],
  questionOf: (nonce: string) => string,
): { ok: boolean; text: string } {
  const ports = [...new Set(probes.filter((p) => p.kind === kind).map((p) => p.port))];
  const judged = ports.map((port) => ({
    port,
    quality: judgeAnswers(
      probes.filter((p) => p.kind === kind && p.port === port),
      questionOf,
    ),
  }));
  const good = judged.find((j) => j.quality.ok);
  if (good !== undefined) return { ok: true, text: `fresh nonces answered on port ${good.port}` };
  const text = judged.map((j) => `port ${j.port}: ${j.quality.ok ? "" : j.quality.why}`).join(", ");
  return { ok: false, text: text === "" ? "nobody to ask" : text };
}
