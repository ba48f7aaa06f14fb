import type { StudyId, TrialId } from "../ids.ts";
import type { CoordinatorRecord } from "../journal/coordinator-record.ts";
import { attemptOf } from "./fold-containment.ts";
import { importedRecord } from "./fold-import.ts";
import { parseNodeLine } from "./node-line.ts";
import type { StudyView } from "./trial-view.ts";

/** Trials that a record can have changed. @param state has the record applied. */
export function touchedBy(
  body: CoordinatorRecord["body"],
  state: { readonly studies: ReadonlyMap<StudyId, Pick<StudyView, "trials">> },
): readonly TrialId[] {
  switch (body.kind) {
    case "placed":
    case "adjudicated":
    case "attempt-sealed":
    case "invalid":
      return [body.key.trial];
    case "cancelled":
    case "intervention-ordered":
      return [body.trial];
    case "node-record": {
      const parsed = parseNodeLine(body.line);
      const key = parsed.ok ? attemptOf(parsed.record) : null;
      return key === null ? [] : [key.trial];
    }
    case "imported": {
      const record = importedRecord(body);
      return record === null ? [] : touchedBy(record.body, state);
    }
    case "study-submitted":
    case "study-moved":
      return state.studies.get(body.study)?.trials ?? [];
    default:
      return [];
  }
}
