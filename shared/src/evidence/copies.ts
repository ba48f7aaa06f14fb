import { candidatesOf } from "./candidates.ts";
import type { CopyRef } from "./copy.ts";
import { probesAt, type Evidence } from "./evidence.ts";
import { chatQuestion, completionQuestion, judgeAnswers } from "./questions.ts";

/** Most ports of either kind that are tested further; an agent that opens more cannot make the instrument test for ever. */
const MOST_OF_A_KIND = 2;

/**
 * The possible copies: pairs of a new listener that answers as a model server and one that answers as an agent. Where
 * nothing answers as one of the two, there is none.
 */
export function copiesOf(evidence: Evidence): CopyRef[] {
  const found = candidatesOf(evidence);
  const asked = probesAt(evidence, "after-run");
  if (found === null || asked === null) return [];
  const ports = [...new Set(found.listeners.map((l) => l.listener.port))];
  const good = (kind: "completion" | "chat", questionOf: (nonce: string) => string) =>
    ports
      .filter((port) => {
        const probes = asked.probes.filter((p) => p.kind === kind && p.port === port);
        return judgeAnswers(probes, questionOf).ok;
      })
      .slice(0, MOST_OF_A_KIND);
  const agents = good("chat", chatQuestion);
  return good("completion", completionQuestion).flatMap((model) => agents.map((agent) => ({ model, agent })));
}
