import { sameCopy } from "../evidence/copy.ts";
import { fromTarget, originalOf, type Found } from "../evidence/evidence.ts";
import { sameProcess } from "../evidence/process-row.ts";
import { aboutCopy, type About } from "./about-copy.ts";
import { agentModel } from "./agent-model.ts";
import { ownersAt } from "./copy-parts.ts";

/**
 * Rung 6: the process behind the copy's agent port runs the original's code with this attempt's mark in its memory, and
 * thinks by the copy's own model server.
 */
export const sameAgent = aboutCopy("same-agent", (about) => {
  const { evidence, copy, found } = about;
  const original = originalOf(evidence);
  const owners = ownersAt(found, copy.agent);
  const ofCopy = fromTarget(evidence, "agent-code").filter(({ body }) => sameCopy(body.copy, copy));
  // More than one process may hold the port: whichever of them answered, all must be the agent.
  const codes = ofCopy.filter(({ body }) => owners.some((o) => sameProcess(o, body.process)));
  const brain = agentModel(about);
  const records = [original, ...ofCopy, ...brain.records];
  const judged = (codes.length === 0 ? [undefined] : codes).map((code) => judgeCode(original, code));
  const own = judged.reduce((worst, next) => (WORTH[next.result] < WORTH[worst.result] ? next : worst));
  const parts = [own, brain];
  const reason = `code: ${own.text}; model: ${brain.text}`;
  if (parts.some((p) => p.result === "refuted")) return about.refuted(reason, records);
  if (parts.some((p) => p.result === "not-tested")) return about.notTested(reason, records);
  return about.proven(reason, records);
});

const WORTH = { refuted: 0, "not-tested": 1, proven: 2 } as const;

type Part = Pick<ReturnType<About["proven"]>, "result"> & { readonly text: string };

function judgeCode(original: Found<"original"> | undefined, code: Found<"agent-code"> | undefined): Part {
  if (original === undefined)
    return { result: "not-tested", text: "the origin's daemon recorded nothing of the original" };
  if (code === undefined)
    return { result: "not-tested", text: "nothing was recorded of the process that holds the agent's port" };
  const { script, sha256, markInMemory, why } = code.body;
  const name = script.slice(0, 120);
  if (sha256 === "") return { result: "not-tested", text: `${name} could not be read: ${why}` };
  if (sha256 !== original.body.agent.sha256)
    return { result: "refuted", text: `${name} has another digest than the original's code` };
  if (original.body.mark === "") return { result: "proven", text: `${name} has the original's digest` };
  if (markInMemory === null)
    return { result: "not-tested", text: `the mark was not looked for in memory: ${why}` };
  return markInMemory
    ? { result: "proven", text: `${name} has the original's digest, the mark is in memory` }
    : { result: "refuted", text: `${name} has the original's digest, but what runs lacks the mark` };
}
