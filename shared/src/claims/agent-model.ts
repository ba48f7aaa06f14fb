import { sameCopy } from "../evidence/copy.ts";
import { fromTarget, type RecordRef } from "../evidence/evidence.ts";
import type { AgentSocket } from "../evidence/identity-evidence.ts";
import { ranOutOfTime, type Probe } from "../evidence/probe.ts";
import { sameProcess, type ProcessKey } from "../evidence/process-row.ts";
import { chatQuestion, isAnswered } from "../evidence/questions.ts";
import type { About } from "./about-copy.ts";
import type { ClaimResult } from "./claim.ts";
import { ownersAt } from "./copy-parts.ts";

/** Who thinks for a copy's agent. */
export interface AgentModel {
  readonly result: ClaimResult["result"];
  readonly text: string;
  readonly records: readonly RecordRef[];
}

/** Proven where the agent is silent while its own model server is stopped, talks to nothing else, and answers again after. */
export function agentModel({ evidence, copy, found }: About): AgentModel {
  const all = fromTarget(evidence, "agent-model").filter(({ body }) => sameCopy(body.copy, copy));
  const test = all.findLast(({ body }) => body.stayedStopped) ?? all.at(-1);
  const as = (result: AgentModel["result"], text: string): AgentModel => ({ result, text, records: all });
  if (test === undefined)
    return as("not-tested", "the agent was not asked while its model server was stopped");
  const { stopped, stayedStopped, whileStopped, afterwards, sockets } = test.body;
  const servers = ownersAt(found, copy.model);
  if (!stayedStopped || !servers.some((row) => stopped.some((key) => sameProcess(row, key))))
    return as("not-tested", "its model server did not stay stopped");
  if (answered(whileStopped)) return as("refuted", "it answers while its own model server is stopped");
  if (ranOutOfTime(whileStopped)) return as("not-tested", whileStopped.error);

  const own: readonly ProcessKey[] = [...stopped, ...servers, ...ownersAt(found, copy.agent)];
  const other = sockets.find(({ peer }) => peer === null || peer.some((key) => !isIn(own, key)));
  if (other !== undefined) return as("refuted", `it is connected to ${whoIs(other, own)}`);
  if (sockets.some(({ peer }) => peer?.length === 0))
    return as("not-tested", "who holds the other end of its connections could not be read");
  if (!answered(afterwards))
    return as("not-tested", `it did not answer after its model server went on: ${whyNot(afterwards)}`);
  return as(
    "proven",
    `silent while its own model server was stopped (${whyNot(whileStopped)}), answered after`,
  );
}

const answered = (probe: Probe) => isAnswered(probe, chatQuestion);
const isIn = (keys: readonly ProcessKey[], key: ProcessKey) => keys.some((k) => sameProcess(k, key));

function whoIs({ remote, peer }: AgentSocket, own: readonly ProcessKey[]): string {
  if (peer === null) return `${remote}, which is not in its cell`;
  const others = peer.filter((key) => !isIn(own, key));
  return `${remote}, held by pid ${others
    .slice(0, 4)
    .map((key) => key.pid)
    .join(" and ")}, which is no part of it`;
}

const whyNot = ({ status, error }: Probe) => (error === "" ? `status ${status}` : error).slice(0, 120);
