import type { CoordinatorRecord } from "../journal/coordinator-record.ts";
import type { NodeRecord } from "../journal/node-record.ts";
import { profileName } from "../claims/profile.ts";
import type { AttemptKey, NodeId, StudyId, TrialId } from "../ids.ts";
import { changesBetween } from "../study/changes.ts";
import { keepNewest, type LabBreachSeen, type NodeContainment } from "./containment-view.ts";
import { foldProgress, foldTrial } from "./fold-progress.ts";
import { attemptOf, foldAttempt, foldNode } from "./fold-containment.ts";
import { foldImported, importedRecord, mayImport } from "./fold-import.ts";
import { mayWrite } from "./may-write.ts";
import { foldOversight } from "./oversight-view.ts";
import { parseNodeLine } from "./node-line.ts";
import { placedAttempt } from "./placed-attempt.ts";
import { RecentEnds } from "./recent-ends.ts";
import { StateCounts } from "./state-counts.ts";
import { submittedStudy } from "./submitted-study.ts";
import { touchedBy } from "./touched.ts";
import { isFinal, type AttemptView, type NodeView, type StudyView, type TrialView } from "./trial-view.ts";

export interface ProjectionOptions {
  /**
   * Which attempts keep their node records and what their approvals said: all, or only those that have not ended. Nothing else of the
   * state differs; a process that runs for ever wants "live", since the journal holds the records anyway.
   */
  readonly keepRecords: "all" | "live";
}

/**
 * What the coordinator's journal says, as state. Built by applying records in their order and in no
 * other way; the coordinator, the CLI and the reports all read it.
 */
export class Projection {
  epoch = 0;
  readonly studies = new Map<StudyId, StudyView>();
  readonly trials = new Map<TrialId, TrialView>();
  readonly nodes = new Map<NodeId, NodeView>();
  /** Highest record number taken in from each node. */
  readonly taken = new Map<NodeId, number>();
  stopped: { readonly at: string; readonly why: string } | null = null;
  /** Breaches that the coordinator itself found over the whole lab, the newest ones. */
  readonly labBreaches: LabBreachSeen[] = [];
  /** What nodes say of their own containment, those too that never gave an inventory. */
  readonly containment = new Map<NodeId, NodeContainment>();
  /** Nodes that a person keeps out of service, those too that never gave an inventory. */
  readonly drained = new Map<NodeId, { readonly who: string; readonly why: string }>();
  /** Trials with an attempt that has not ended, in the order of their placements. */
  readonly underWay = new Map<TrialId, TrialView>();
  /** Trials by state, of all studies and of each. */
  readonly counts = new StateCounts();
  readonly #keepRecords: ProjectionOptions["keepRecords"];
  /** Imported attempts whose own end did not follow yet. */
  readonly #importing = new Set<AttemptView>();
  readonly #ends = new RecentEnds();
  /** The coordinator's term in which an attempt ended, and when each term wrote its last record. */
  readonly #endedIn = new WeakMap<AttemptView, number>();
  readonly #termEnds = new Map<number, string>();
  #lastAt: string | null = null;

  constructor({ keepRecords }: ProjectionOptions = { keepRecords: "all" }) {
    this.#keepRecords = keepRecords;
  }

  apply(record: CoordinatorRecord): void {
    this.#fold(record);
    this.#lastAt = record.at;
    for (const id of touchedBy(record.body, this)) this.#count(this.trials.get(id));
  }

  #count(trial: TrialView | undefined): void {
    if (trial === undefined) return;
    const id = trial.trial;
    this.counts.count(trial);
    if (trial.attempts.every(({ endedAt }) => endedAt !== null)) this.underWay.delete(id);
    else if (!this.underWay.has(id)) this.underWay.set(id, trial);
  }

  #fold(record: CoordinatorRecord): void {
    const { body, at } = record;
    switch (body.kind) {
      case "coordinator-started":
        if (this.#lastAt !== null) this.#termEnds.set(this.epoch, this.#lastAt);
        this.epoch = body.epoch;
        break;
      case "node-seen":
        this.nodes.set(body.inventory.node, {
          inventory: body.inventory,
          seenAt: at,
          goneWhy: null,
          drained: this.drained.get(body.inventory.node) ?? null,
          containment: this.#containmentOf(body.inventory.node),
        });
        break;
      case "node-gone": {
        const node = this.nodes.get(body.node);
        if (node !== undefined) node.goneWhy = body.why;
        break;
      }
      case "node-drain": {
        if (body.drain) this.drained.set(body.node, { who: body.who, why: body.why });
        else this.drained.delete(body.node);
        const node = this.nodes.get(body.node);
        if (node !== undefined) node.drained = this.drained.get(body.node) ?? null;
        break;
      }
      case "study-submitted": {
        const { study, trials } = submittedStudy(body, at);
        this.studies.set(study.id, study);
        for (const trial of trials) this.trials.set(trial.trial, trial);
        break;
      }
      case "study-changed":
        this.#onStudy(body, at, (study) => {
          const what = changesBetween(study, body);
          study.limits = body.limits;
          study.budget = body.budget;
          return what;
        });
        break;
      case "study-paused":
        this.#onStudy(body, at, (study) => {
          study.paused = { who: body.who, why: body.why };
          return "paused";
        });
        break;
      case "study-resumed":
        this.#onStudy(body, at, (study) => {
          // A person has looked at what went wrong before.
          if (body.who !== "budget") study.recentEnds.length = 0;
          study.paused = null;
          return "resumed";
        });
        break;
      // What became of it is the node's to say.
      case "intervention-ordered":
        break;
      case "placed":
        this.#place(body, at);
        break;
      case "node-record":
        this.#take(body.node, body.seq, body.line, at);
        break;
      case "adjudicated":
        this.#onAttempt(body.key, (attempt, trial) => {
          attempt.adjudications = body.results;
          this.#end(attempt, at);
          this.#ends.note(this.studies.get(trial.study), trial, attempt);
          trial.state = "done";
          for (const result of body.results) trial.verdicts[result.profile] = result.verdict;
          trial.why = body.results.map((r) => `${r.profile} ${r.verdict}: ${r.reason}`).join("; ");
        });
        break;
      case "attempt-sealed":
        this.#onAttempt(body.key, (attempt) => {
          const nodes = body.countersigned.map(({ node }) => node);
          attempt.sealed = { nodes, keyid: body.keyid, problems: body.problems };
        });
        break;
      case "invalid":
        this.#onAttempt(body.key, (attempt, trial) => {
          attempt.fault = body.fault;
          attempt.detail = body.detail;
          this.#end(attempt, attempt.endedAt ?? at);
          this.#ends.note(this.studies.get(trial.study), trial, attempt);
          trial.state = body.retry ? "waiting" : "invalid";
          trial.why = `attempt ${attempt.attempt} is invalid: ${body.fault} (${body.detail})`;
          if (body.retry) return;
          // An earlier attempt can prove unclean while the next one is under way.
          const last = trial.attempts.at(-1);
          if (last?.endedAt === null) this.#end(last, at);
          trial.verdicts = Object.fromEntries(this.#profiles(trial).map((p) => [profileName(p), "invalid"]));
        });
        break;
      case "cancelled": {
        const trial = this.trials.get(body.trial);
        if (trial !== undefined) this.#cancel(trial, body.why, at);
        break;
      }
      case "study-ended": {
        const study = this.studies.get(body.study);
        if (study !== undefined) {
          study.endedAt = at;
          study.endedWhy = body.why;
          if (study.imported !== null) study.paused = null;
        }
        break;
      }
      case "objects-removed":
        this.#onStudy(body, at, () => `${body.count} objects removed`);
        break;
      case "study-moved":
        this.#onStudy(body, at, (study) => {
          study.moved = { who: body.who, why: body.why };
          for (const trial of this.trialsOf(study.id))
            this.#cancel(trial, "the study was moved to another lab", at);
          return "moved to another lab";
        });
        break;
      case "imported":
        this.#import(body);
        break;
      case "lab-breach":
        keepNewest(this.labBreaches, { at, breach: body.breach, detail: body.detail });
        break;
      case "stop-ordered":
        this.stopped = { at, why: body.why };
        break;
    }
  }

  /**
   * How long ago an attempt ended at the least, ms: from its end to the last record of the same term, both by that coordinator's clock.
   * 0 for the term that runs now, and for an attempt that has not ended.
   */
  sinceEndMs(attempt: AttemptView): number {
    const term = this.#endedIn.get(attempt);
    const last = term === undefined ? undefined : this.#termEnds.get(term);
    if (last === undefined || attempt.endedAt === null) return 0;
    return Math.max(0, Date.parse(last) - Date.parse(attempt.endedAt));
  }

  /** The attempt that a key names, or undefined. */
  attempt(key: Pick<AttemptKey, "trial" | "attempt">): AttemptView | undefined {
    return this.trials.get(key.trial)?.attempts.find((a) => a.attempt === key.attempt);
  }

  trialsOf(study: StudyId): TrialView[] {
    return (this.studies.get(study)?.trials ?? []).flatMap((id) => this.trials.get(id) ?? []);
  }

  #profiles(trial: TrialView) {
    return this.studies.get(trial.study)?.definition.profiles ?? [];
  }

  #onStudy(
    { study: id, who, why }: { study: StudyId; who: string; why: string },
    at: string,
    change: (study: StudyView) => string,
  ): void {
    const study = this.studies.get(id);
    if (study !== undefined) study.changes.push({ at, who, what: `${change(study)}: ${why}` });
  }

  #place(body: Extract<CoordinatorRecord["body"], { kind: "placed" }>, at: string): void {
    const { key, devices } = body;
    const [trial, study] = [this.trials.get(key.trial), this.studies.get(body.study)];
    if (trial === undefined || study === undefined) return;
    trial.state = "placed";
    trial.why = `placed on ${devices.origin}${devices.target === devices.origin ? "" : ` and ${devices.target}`}`;
    trial.attempts.push(placedAttempt(body, study.limits, at));
  }

  #take(node: NodeId, seq: number, line: string, at: string): void {
    this.taken.set(node, Math.max(seq, this.taken.get(node) ?? 0));
    const record = parseNodeRecord(line);
    if (record?.node !== node) return;
    foldNode(this.#containmentOf(node), record, at);
    this.#takeOfAttempt(record, at);
  }

  /** Nothing of it is said of this lab's nodes, which may have the names of others. */
  #import(body: Extract<CoordinatorRecord["body"], { kind: "imported" }>): void {
    const record = importedRecord(body);
    if (record === null || !mayImport(record, body.lab, this)) return;
    if (record.body.kind === "node-record") {
      const taken = parseNodeRecord(record.body.line);
      if (taken?.node === record.body.node) this.#takeOfAttempt(taken, record.at);
      return;
    }
    if (record.body.kind !== "study-moved") this.apply(record);
    foldImported(record, body.lab, this, this.#importing);
  }

  /** @param at when it reached the coordinator. */
  #takeOfAttempt(record: NodeRecord, at: string): void {
    const key = attemptOf(record);
    if (key === null) return;
    this.#onAttempt(key, (attempt) => {
      if (mayWrite(attempt.devices, record)) foldAttempt(attempt, record);
    });
    if (record.key !== undefined) this.#observe(record, record.key, at);
  }

  #containmentOf(node: NodeId): NodeContainment {
    const known = this.containment.get(node);
    if (known !== undefined) return known;
    const fresh: NodeContainment = { quarantinedWhy: null, selfTest: null, breaches: [], emptied: [] };
    this.containment.set(node, fresh);
    return fresh;
  }

  #cancel(trial: TrialView, why: string, at: string): void {
    if (isFinal(trial.state)) return;
    trial.state = "cancelled";
    trial.why = why;
    const last = trial.attempts.at(-1);
    if (last?.endedAt === null) this.#end(last, at);
  }

  #end(attempt: AttemptView, at: string): void {
    attempt.endedAt = at;
    if (!this.#endedIn.has(attempt)) this.#endedIn.set(attempt, this.epoch);
    this.#importing.delete(attempt);
    if (this.#keepRecords === "all") return;
    attempt.records.length = 0;
    attempt.approvals.clear();
  }

  /** Records of a node that has no such part in the attempt stay in the journal only. Those of an attempt that is over say what became of its nodes, and do not move the trial. */
  #observe(record: NodeRecord, key: AttemptKey, at: string): void {
    this.#onAttempt(key, (attempt, trial) => {
      if (!mayWrite(attempt.devices, record)) return;
      if (attempt.endedAt === null || this.#keepRecords === "all" || this.#importing.has(attempt))
        attempt.records.push(record);
      const live = attempt.endedAt === null && trial.attempts.at(-1) === attempt && !isFinal(trial.state);
      foldOversight(attempt, { ...record, at });
      if (attempt.endedAt !== null && this.#keepRecords === "live") attempt.approvals.clear();
      foldProgress(attempt, record);
      if (live) foldTrial(trial, attempt, record);
    });
  }

  #onAttempt(
    key: Pick<AttemptKey, "trial" | "attempt">,
    change: (attempt: AttemptView, trial: TrialView) => void,
  ): void {
    const trial = this.trials.get(key.trial);
    const attempt = trial?.attempts.find((a) => a.attempt === key.attempt);
    if (trial !== undefined && attempt !== undefined) change(attempt, trial);
  }
}

/** Null for a line that is no record of a version known here: it is kept in the journal and changes nothing. */
function parseNodeRecord(line: string): NodeRecord | null {
  const parsed = parseNodeLine(line);
  return parsed.ok ? parsed.record : null;
}
