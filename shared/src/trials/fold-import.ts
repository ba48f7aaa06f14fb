import {
  coordinatorRecordSchema,
  type CoordinatorRecord,
  type CoordinatorRecordBody,
} from "../journal/coordinator-record.ts";
import { readRecordHead } from "../attest/record-head.ts";
import type { StudyId, TrialId } from "../ids.ts";
import type { NoPerson } from "../journal/no-person.ts";
import type { AttemptView, StudyView, TrialView } from "./trial-view.ts";

/** `who` of the pause in which a study stays until all of its records are imported. */
export const BY_IMPORT = "import" satisfies NoPerson;
/** A study that moved again and again carries its records in as many wrappings. */
const MOST_WRAPPINGS = 8;

type Imported = Extract<CoordinatorRecordBody, { kind: "imported" }>;

/** The record of another lab inside an `imported` one; null where it is none that is known here. */
export function importedRecord(imported: Imported): CoordinatorRecord | null {
  return unwrap(imported)?.record ?? null;
}

/**
 * The record itself, or the one that was imported with it: a reader of what happened in trials takes both for the same. `scope` is
 * empty for this lab's own and else names the labs it came through: nodes of two labs may have the same name.
 */
export function innerRecord(record: CoordinatorRecord): { record: CoordinatorRecord; scope: string } {
  const own = { record, scope: "" };
  return record.body.kind === "imported" ? (unwrap(record.body) ?? own) : own;
}

function unwrap(imported: Imported): { record: CoordinatorRecord; scope: string } | null {
  let [text, scope] = [imported.line, imported.lab];
  for (let depth = 0; depth < MOST_WRAPPINGS; depth += 1) {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return null;
    }
    const parsed = coordinatorRecordSchema.safeParse(json);
    if (!parsed.success) return null;
    const { body } = parsed.data;
    if (body.kind !== "imported") return { record: parsed.data, scope };
    text = body.line;
    scope = `${scope}/${body.lab}`;
  }
  return null;
}

/** The study that a record is about, by its id or its trial's; null for one about nodes or the lab. */
export function studyOfRecord({ body }: CoordinatorRecord): string | null {
  switch (body.kind) {
    case "study-submitted":
    case "study-changed":
    case "study-paused":
    case "study-resumed":
    case "study-ended":
    case "study-moved":
    case "objects-removed":
    case "placed":
      return body.study;
    case "adjudicated":
    case "attempt-sealed":
    case "invalid":
      return ofTrial(body.key.trial);
    case "cancelled":
    case "intervention-ordered":
      return ofTrial(body.trial);
    case "node-record": {
      const trial = trialOfLine(body.line);
      return trial === null ? null : ofTrial(trial);
    }
    case "imported": {
      const inner = importedRecord(body);
      return inner === null ? null : studyOfRecord(inner);
    }
    default:
      return null;
  }
}

/** A trial's id is its study's and a number. */
const ofTrial = (trial: string) => trial.replace(/-\d+$/, "");

/** A second look after an attempt stands outside its seal and names the attempt in its body. */
function trialOfLine(line: string): string | null {
  const head = readRecordHead(line);
  if (head?.key !== undefined || head?.body.kind !== "sterile") return head?.key?.trial ?? null;
  return /"of":\{"trial":"([a-z0-9-]+)"/.exec(line)?.[1] ?? null;
}

/** What after a study's move changes nothing any more of what it takes along. */
const OVER_BY_MOVE: readonly CoordinatorRecordBody["kind"][] = [
  "study-paused",
  "study-resumed",
  "study-ended",
  "placed",
  "adjudicated",
  "invalid",
  "cancelled",
];

interface Views {
  readonly studies: ReadonlyMap<StudyId, StudyView>;
  readonly trials: ReadonlyMap<TrialId, TrialView>;
}

/** Whether an imported record may change this state: of a study that came from the same lab, and its submission only once. */
export function mayImport(record: CoordinatorRecord, lab: string, { studies }: Views): boolean {
  const id = studyOfRecord(record);
  if (id === null) return false;
  const study = [...studies.values()].find((one) => one.id === id);
  if (record.body.kind === "study-submitted") return study === undefined;
  if (study?.imported?.lab !== lab) return false;
  return !(study.imported.moved && OVER_BY_MOVE.includes(record.body.kind));
}

/**
 * What is different about an imported record once it is applied. The study stays paused until all is here. An attempt is over from its
 * first record on: what ran when the study left its lab runs nowhere now, and no order of this lab may name it; the fault goes where
 * its own end follows.
 */
export function foldImported(
  { body, at }: CoordinatorRecord,
  lab: string,
  { studies, trials }: Views,
  open: Set<AttemptView>,
): void {
  switch (body.kind) {
    case "study-submitted": {
      const study = studies.get(body.study);
      if (study === undefined) return;
      study.imported = { lab, moved: false, paused: null };
      pauseForImport(study);
      return;
    }
    case "study-paused":
    case "study-resumed": {
      const study = studies.get(body.study);
      if (study?.imported == null) return;
      study.imported.paused = body.kind === "study-paused" ? { who: body.who, why: body.why } : null;
      pauseForImport(study);
      return;
    }
    case "study-ended": {
      // Over, but not all here.
      const study = studies.get(body.study);
      if (study !== undefined) pauseForImport(study);
      return;
    }
    case "study-moved": {
      const study = studies.get(body.study);
      if (study?.imported == null) return;
      study.imported.moved = true;
      study.changes.push({ at, who: body.who, what: `left its lab: ${body.why}` });
      return;
    }
    case "placed": {
      const trial = trials.get(body.key.trial);
      const attempt = trial?.attempts.at(-1);
      if (trial === undefined || attempt === undefined) return;
      open.add(attempt);
      attempt.elsewhere = true;
      attempt.endedAt = at;
      attempt.fault = "study-moved";
      attempt.detail = "it ran when the study left its lab";
      trial.state = "waiting";
      trial.why = attempt.detail;
      return;
    }
    case "adjudicated": {
      const attempt = trials.get(body.key.trial)?.attempts.find((a) => a.attempt === body.key.attempt);
      if (attempt === undefined) return;
      attempt.fault = null;
      attempt.detail = "";
      return;
    }
    default:
  }
}

function pauseForImport(study: StudyView): void {
  study.paused = { who: BY_IMPORT, why: "its records are being imported" };
}

/** A study whose records have not all arrived. */
export const isImporting = ({ paused }: Pick<StudyView, "paused">): boolean => paused?.who === BY_IMPORT;
