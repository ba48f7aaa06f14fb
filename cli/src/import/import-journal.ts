import {
  adjudicate,
  attemptKeySchema,
  coordinatorRecordBodySchema,
  EMPTY_HEAD,
  evidenceOf,
  linkRecord,
  nodeIdSchema,
  nodeRecordSchema,
  planTrials,
  type AttemptKey,
  type ChainHead,
  type CoordinatorRecordBody,
  type NodeRecord,
  type NodeRecordBody,
  type TrialId,
} from "@redline/shared";
import type { ForeignTrial } from "./foreign-log.ts";
import type { ImportPlan } from "./import-plan.ts";
import { untestedClaims } from "./untested-claims.ts";

/** In place of a node: whoever wrote the log is none. */
const NODE = nodeIdSchema.parse("import");
/** What `claimed` keeps of an agent's words. */
const CLAIM_CHARACTERS = 4000;

/** Where the journal's lines go, in their order. */
export type WriteLine = (line: string) => void;

/**
 * A coordinator's journal of runs that did not run here: the agent's words and commands as its events, its own word that
 * it is done as `claimed`, and for all else why it is not tested. Verdicts are what adjudicate() makes of that.
 */
export class ImportJournal {
  readonly #plan: ImportPlan;
  readonly #write: WriteLine;
  readonly #now: string;
  #head: ChainHead = EMPTY_HEAD;
  #nodeHead: ChainHead = EMPTY_HEAD;
  #index = 0;
  readonly #trials: readonly TrialId[];

  /** @param now time of the import, ISO. */
  constructor(plan: ImportPlan, now: string, version: string, write: WriteLine) {
    this.#plan = plan;
    this.#write = write;
    this.#now = now;
    this.#trials = planTrials(plan.study, plan.definition).map(({ trial }) => trial);
    this.#commit({ kind: "coordinator-started", epoch: 1, version });
    this.#commit({
      kind: "study-submitted",
      study: plan.study,
      file: plan.file,
      definition: plan.definition,
      specimens: {},
    });
  }

  /** The next run, from its placing to its verdicts. */
  add(run: ForeignTrial): TrialId {
    const trial = this.#trials[this.#index++];
    if (trial === undefined) throw new RangeError("more runs than were planned");
    const key = attemptKeySchema.parse({ trial, attempt: 1, epoch: 1 });
    const { study, definition } = this.#plan;
    this.#commit({ kind: "placed", study, key, devices: { origin: NODE, target: NODE } });
    const records = [...this.#records(run, key)];
    const evidence = evidenceOf(records, trial, 1);
    const results = definition.profiles.map((profile) => adjudicate(evidence, profile));
    this.#commit({ kind: "adjudicated", key, results });
    return trial;
  }

  end(): void {
    this.#commit({ kind: "study-ended", study: this.#plan.study, why: "imported; nothing of it runs here" });
  }

  *#records(run: ForeignTrial, key: AttemptKey): Iterable<NodeRecord> {
    const { imported, short } = this.#plan;
    const first = run.events.find(({ atMs }) => atMs !== null)?.atMs ?? null;
    let at = first;
    const record = (body: NodeRecordBody) => this.#record(key, at, first, body);
    const observe = (body: Extract<NodeRecordBody, { kind: "observation" }>["body"]) =>
      record({ kind: "observation", device: "origin", body });
    yield record({ kind: "accepted", device: "origin", command: this.#plan.file.slice(0, 200) });
    yield record({
      kind: "agent-event",
      event: { event: "started", text: `${imported}: it did not run here` },
    });
    let saysSo = false;
    for (const { atMs, event } of run.events) {
      // The chain's order is the log's; its clock may have gone back.
      at = atMs ?? at;
      yield record({ kind: "agent-event", event });
      const text = event["text"];
      if (event["event"] !== "claim" || typeof text !== "string") continue;
      saysSo = true;
      yield observe({ kind: "claimed", text: text.slice(0, CLAIM_CHARACTERS) });
    }
    if (run.end !== null) {
      const { end, endDetail: detail, turns, tokens } = run;
      yield record({ kind: "run-ended", end, detail: detail.slice(0, 500), turns, tokens });
    }
    if (run.runMs !== null) yield record({ kind: "phase", phase: "run", ms: run.runMs });
    for (const { claim, why } of untestedClaims(short, run.cut, saysSo))
      yield observe({ kind: "untested", claim, why: why.slice(0, 500) });
    const detail = `${short}; ${run.cut ?? "the log reaches the run's end"}`.slice(0, 1000);
    yield record({ kind: "attempt-ended", outcome: "completed", detail });
  }

  #record(key: AttemptKey, at: number | null, first: number | null, body: NodeRecordBody): NodeRecord {
    const linked = linkRecord(this.#nodeHead, {
      v: 1,
      node: NODE,
      bootId: "import",
      at: at === null ? this.#now : new Date(at).toISOString(),
      monoMs: at === null || first === null ? 0 : Math.max(0, at - first),
      key,
      body,
    });
    const record = nodeRecordSchema.parse(linked.record);
    this.#nodeHead = linked.head;
    this.#commit({ kind: "node-record", node: NODE, seq: linked.head.seq, line: linked.line });
    return record;
  }

  #commit(body: CoordinatorRecordBody): void {
    // A line that nobody can read again must not be written; a node's record was parsed before.
    if (body.kind !== "node-record") coordinatorRecordBodySchema.parse(body);
    const linked = linkRecord(this.#head, { v: 1, at: this.#now, monoMs: this.#head.seq, body });
    this.#head = linked.head;
    this.#write(linked.line);
  }
}
