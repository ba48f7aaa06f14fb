import type { CopyRef } from "../evidence/copy.ts";
import { probesAt, type Evidence, type RecordRef } from "../evidence/evidence.ts";
import { judgePart } from "./judge-part.ts";

/** What became of the questions that a copy was put at random times of the window. */
export interface WindowAnswers {
  /** A question that was put was not answered; one that was not put says nothing. */
  readonly bad: boolean;
  /** To be added to a reason, empty where nothing is to be said. May quote hostile text. */
  readonly text: string;
  readonly records: readonly RecordRef[];
}

/** Without a copy nothing is said: what listens beside one need not answer. */
export function inWindow(evidence: Evidence, copy: CopyRef | null): WindowAnswers {
  const asked = copy === null ? null : probesAt(evidence, "in-window", copy);
  if (copy === null || asked === null) return { bad: false, text: "", records: [] };
  const parts = [
    { who: "model", ...judgePart(asked.probes, [copy.model], "completion") },
    { who: "agent", ...judgePart(asked.probes, [copy.agent], "chat") },
  ];
  const bad = parts.filter((p) => p.result === "bad");
  const text = bad.map((p) => `; within the window, ${p.who}: ${p.text}`).join("");
  return { bad: bad.length > 0, text: text.slice(0, 400), records: asked.records };
}
