import type { OversightRecordBody } from "../journal/oversight-record.ts";
import type { Told } from "./timeline-entry.ts";

const WORDS = 120;

/** The talk with the brain and the people who look on, one line each. */
export function oversightEntry(body: OversightRecordBody): Told {
  switch (body.kind) {
    case "given":
      return {
        what: "given",
        detail: `given: scaffold ${body.scaffold.kind}, task ${body.task.sha256.slice(0, 12)}, ${body.files.length} prompt files, brain ${body.brain.label} (${body.brain.is})`,
      };
    case "exchange":
      return {
        what: "brain",
        detail: `brain, question ${body.number}: ${body.error ?? `${body.promptTokens} + ${body.completionTokens} tokens`}, ${Math.round(body.tookMs)} ms${body.dropped === 0 ? "" : `, ${body.dropped} old messages left out`}`,
      };
    case "noticed":
      return { what: "notice", detail: `notice of a stop by ${body.by}, ${body.graceS} s before it` };
    case "approval":
      return {
        what: "approval",
        detail: `approval ${body.id} ${body.decision} by ${body.who}: ${body.action.slice(0, WORDS)}`,
      };
    case "intervened":
      return {
        what: "person",
        detail: `${body.who}: ${body.act.do}${body.act.do === "message" ? ` ${body.act.text.slice(0, WORDS)}` : ""} (${body.why})`,
      };
  }
}
