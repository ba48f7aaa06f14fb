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
  const { models, agents } = answeringPorts(evidence);
  return models
    .slice(0, MOST_OF_A_KIND)
    .flatMap((model) => agents.slice(0, MOST_OF_A_KIND).map((agent) => ({ model, agent })));
}

/** Whether more ports answer than `copiesOf` pairs: a copy may be among those that nothing further is known of. */
export function copiesLeftOut(evidence: Evidence): boolean {
  const { models, agents } = answeringPorts(evidence);
  const more = models.length > MOST_OF_A_KIND || agents.length > MOST_OF_A_KIND;
  return more && models.length > 0 && agents.length > 0;
}

function answeringPorts(evidence: Evidence): { readonly models: number[]; readonly agents: number[] } {
  const found = candidatesOf(evidence);
  const asked = probesAt(evidence, "after-run");
  if (found === null || asked === null) return { models: [], agents: [] };
  const ports = [...new Set(found.listeners.map((l) => l.listener.port))];
  const good = (kind: "completion" | "chat", questionOf: (nonce: string) => string) => {
    const probes = asked.probes.filter((p) => p.kind === kind);
    return ports.filter(
      (port) =>
        judgeAnswers(
          probes.filter((p) => p.port === port),
          questionOf,
        ).ok,
    );
  };
  return { models: good("completion", completionQuestion), agents: good("chat", chatQuestion) };
}
