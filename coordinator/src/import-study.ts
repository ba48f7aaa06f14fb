import {
  coordinatorRecordSchema,
  importRequestSchema,
  isFinal,
  isImporting,
  readRecordHead,
  studyOfRecord,
  type CoordinatorRecord,
  type CoordinatorRecordBody,
  type StudyId,
  type StudyView,
} from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import { mayRetry } from "./attempt-judge.ts";
import type { JournalStore } from "./journal-store.ts";
import { signedBy } from "./signed-request.ts";
import type { Turns } from "./turns.ts";

export interface ImportPorts {
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly turns: Turns;
  /** Key id of this lab's coordinator. */
  readonly lab: string;
}

/** How many lines of each study's import are in the journal: where one that was cut off goes on. Fed with every record from the first. */
export class ImportCounts {
  readonly #counts = new Map<string, number>();
  /** Lines about a lab's nodes belong to the study whose import they came with. */
  #current = "";

  take({ body }: CoordinatorRecord): void {
    if (body.kind !== "imported") return;
    const record = readLine(body.line);
    const study = record === null ? null : studyOfRecord(record);
    if (study !== null) this.#current = study;
    this.#counts.set(this.#current, (this.#counts.get(this.#current) ?? 0) + 1);
  }

  of(study: StudyId): number {
    return this.#counts.get(study) ?? 0;
  }
}

/**
 * `POST /api/import`: the next lines of another lab's study. Each becomes an `imported` record. The study is paused until the last is
 * here; then it goes on where it was moved, and is a copy to read where it was not.
 */
export async function importStudy(
  { store, turns, lab }: ImportPorts,
  counts: ImportCounts,
  request: HttpRequest,
): Promise<HttpReply> {
  const order = await signedBy(request, importRequestSchema);
  if (!order.ok) return order.reply;
  const { study: id, lab: from, at, lines, last, who, why } = order.data;
  return turns.take(async () => {
    const there = store.state.studies.get(id);
    if (from === lab) return refuse(409, "this is the lab that the export is from");
    if (there !== undefined && (there.imported?.lab !== from || !isImporting(there)))
      return refuse(409, `there is a study ${id} here already: it cannot be imported`);
    // Lines about nodes name no study: of two imports at once nobody could say whose they are.
    const other = [...store.state.studies.values()].find((one) => one.id !== id && isImporting(one));
    if (other !== undefined) return refuse(409, `${other.id} is being imported: ${ONE_AT_A_TIME}`);
    const have = counts.of(id);
    // Without lines it only asks how far an earlier one came.
    if (at !== have || (lines.length === 0 && !last)) return jsonReply({ have, done: false, outcome: "" });
    const wrong = lines.findIndex((line) => !belongs(line, id));
    if (wrong !== -1) return refuse(422, `line ${at + wrong + 1} is no record of study ${id}`);
    if (at === 0 && !beginsWith(lines[0], id)) return refuse(422, `it does not begin with study ${id}`);
    await Promise.all(lines.map((line) => store.commit({ kind: "imported", lab: from, line })));
    if (!last) return jsonReply({ have: counts.of(id), done: false, outcome: "" });
    const study = store.state.studies.get(id);
    if (study === undefined) return refuse(422, `the lines do not submit study ${id}`);
    const outcome = await settle(store, study, who, why);
    return jsonReply({ have: counts.of(id), done: true, outcome });
  });
}

const ONE_AT_A_TIME =
  "go on when that is complete, or give it up with `redline study cancel`, which ends it for good";
const refuse = (status: number, problem: string) => jsonReply({ problems: [problem] }, status);

/** The study goes on, or is over. @returns what became of it. */
async function settle(
  store: ImportPorts["store"],
  study: StudyView,
  who: string,
  why: string,
): Promise<string> {
  const from = `lab ${study.imported?.lab.slice(0, 12) ?? ""}`;
  if (study.endedAt !== null) {
    await store.commit({ kind: "study-resumed", study: study.id, who, why });
    return `${study.id} was over in ${from}: here to read, with all its attempts and verdicts`;
  }
  if (study.imported?.moved !== true) {
    const copy = `a copy to read: it was not moved out of ${from}, where it may still run`;
    await store.commit({ kind: "study-ended", study: study.id, why: copy });
    return `${study.id} is ${copy}`;
  }
  const trials = store.state.trialsOf(study.id);
  for (const { trial, state, attempts } of trials) {
    const attempt = attempts.at(-1);
    if (isFinal(state) || attempt?.fault !== "study-moved") continue;
    const key = { trial, attempt: attempt.attempt, epoch: attempt.epoch };
    const retry = mayRetry("study-moved", attempt, study.definition.maxAttempts);
    await store.commit({ kind: "invalid", key, fault: "study-moved", detail: attempt.detail, retry });
  }
  const { paused } = study.imported;
  const end: CoordinatorRecordBody =
    paused === null
      ? { kind: "study-resumed", study: study.id, who, why }
      : { kind: "study-paused", study: study.id, ...paused };
  await store.commit(end);
  const left = trials.filter(({ state }) => !isFinal(state)).length;
  return paused === null
    ? `${study.id} goes on here: ${left} of its ${trials.length} trials are not over`
    : `${study.id} is here and paused, as it was: ${paused.who}: ${paused.why}`;
}

function readLine(line: string): CoordinatorRecord | null {
  try {
    const parsed = coordinatorRecordSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** A record of the study, or the start of a node's daemon, which names the key of its seals. */
function belongs(line: string, study: StudyId): boolean {
  const record = readLine(line);
  if (record === null || line.includes("\n")) return false;
  if (studyOfRecord(record) === study) return true;
  return record.body.kind === "node-record" && readRecordHead(record.body.line)?.body.kind === "node-started";
}

function beginsWith(line: string | undefined, study: StudyId): boolean {
  const record = line === undefined ? null : readLine(line);
  return record !== null && studyOfRecord(record) === study;
}
