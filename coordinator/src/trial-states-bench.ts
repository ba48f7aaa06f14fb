import { generateKeyPairSync } from "node:crypto";
import {
  coordinatorRecordBodySchema,
  EMPTY_HEAD,
  isFinal,
  linkRecord,
  nodeIdSchema,
  studyIdSchema,
  studySchema,
  subjects,
  TRIAL_EDGES,
  type AttemptView,
  type CoordinatorRecord,
  type NodeId,
  type NodeRecord,
  type NodeRecordBody,
  type TrialState,
  type TrialView,
} from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { openJournalStore, type JournalStore } from "./journal-store.ts";
import { LeaseBook } from "./lease-book.ts";
import { AT, inventoryOf, scenariosFixture, SHA } from "./projection-fixture.ts";
import { Reconciler } from "./reconciler.ts";
import { RecordGate } from "./record-gate.ts";
import { RecordsIntake } from "./records-intake.ts";
import { SealBook } from "./seal-book.ts";

export const MOST_ATTEMPTS = 3;
export const TRIALS = 2;
const STUDY = studyIdSchema.parse("s-0000");
const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];
/** Longer than all that a walk takes: nothing runs out but when the walk says so. */
const LIMIT_MS = 1e7;
const log = createLogger("test", "silent");
const key = generateKeyPairSync("ed25519").privateKey;

/** A real journal, gate, intake and reconciler on a clock of the test's; what goes out to nodes is only noted. For tests only. */
export class StatesBench {
  readonly #path: string;
  #nowMs = 1;
  #upSinceMs = 0;
  readonly #clock = { monoMs: () => this.#nowMs, now: () => new Date(Date.parse(AT) + this.#nowMs) };
  /** What each node has written, and how far each was sent. */
  readonly #lines = new Map<NodeId, string[]>([
    [N1, []],
    [N2, []],
  ]);
  readonly #heads = new Map([
    [N1, EMPTY_HEAD],
    [N2, EMPTY_HEAD],
  ]);
  readonly #sent = new Map<NodeId, Set<number>>([
    [N1, new Set()],
    [N2, new Set()],
  ]);
  /** Broken rules, in words. */
  readonly problems: string[] = [];
  #store: JournalStore | null = null;
  #leases = new LeaseBook();
  #reconciler: Reconciler | null = null;
  #intake: RecordsIntake | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  get store(): JournalStore {
    if (this.#store === null) throw new Error("not open");
    return this.#store;
  }

  /** A coordinator's start: the state is what the journal says, the rest is forgotten. */
  async open(): Promise<void> {
    const gate = new RecordGate();
    const store = await openJournalStore(
      this.#path,
      this.#clock,
      (error) => this.problems.push(String(error)),
      ({ body }) => {
        if (body.kind === "node-record") gate.restore(body.node, body.seq, body.line);
      },
    );
    this.#store = store;
    this.#leases = new LeaseBook();
    this.#upSinceMs = this.#nowMs;
    this.#watch(store);
    const epoch = store.state.epoch + 1;
    await store.commit({ kind: "coordinator-started", epoch, version: "test" });
    if (!store.state.studies.has(STUDY)) await this.#submit();
    const bus = { upSinceMs: this.#upSinceMs, restartPeriods: () => undefined };
    this.#intake = new RecordsIntake({
      ...{ store, gate, bus, log, clock: this.#clock },
      enrolled: new Set([N1, N2]),
      count: () => undefined,
    });
    this.#reconciler = new Reconciler({
      ...{ store, bus, log, epoch, clock: this.#clock, leases: this.#leases },
      orders: { run: () => undefined, cancel: () => undefined, ended: () => undefined },
      mirror: { shows: () => true, sync: () => Promise.resolve() },
      seals: {
        ...{ book: new SealBook(), key, version: "0" },
        instrument: () => ({ found: false, why: "no controls" }),
      },
      live: () => [inventoryOf("n1", { slots: 50 }), inventoryOf("n2", { slots: 50 })],
      limits: {
        ...{ leaseMs: LIMIT_MS, acceptMs: LIMIT_MS, evidenceWaitMs: LIMIT_MS },
        ...{ unplaceableMs: 1e12, absentMs: 1e12 },
      },
    });
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = null;
  }

  /** Killed and started again; what was not acknowledged comes once more. */
  async restart(): Promise<void> {
    await this.close();
    await this.open();
    for (const [node, seqs] of this.#sent) for (const seq of seqs) this.#deliver(node, seq);
    await this.#untilTaken();
  }

  trial(index: number): TrialView {
    const trial = this.store.state.trialsOf(STUDY)[index];
    if (trial === undefined) throw new Error("no such trial");
    return trial;
  }

  /** Puts a record of an attempt in its node's chain, unsent. @returns the node and the record's number there. */
  write(index: number, attempt: AttemptView, device: "origin" | "target", body: NodeRecordBody): Written {
    const node = attempt.devices[device];
    const record: Omit<NodeRecord, "seq" | "prev"> = {
      ...{ v: 1, node, bootId: "b", at: AT, monoMs: this.#nowMs, body },
      key: { trial: this.trial(index).trial, attempt: attempt.attempt, epoch: attempt.epoch },
    };
    const linked = linkRecord(this.#heads.get(node) ?? EMPTY_HEAD, record);
    this.#heads.set(node, linked.head);
    this.#lines.get(node)?.push(linked.line);
    return { node, seq: linked.head.seq };
  }

  /** Delivers records in the order given, some maybe again, and waits until all that fit on are in the journal. */
  async send(written: readonly Written[]): Promise<void> {
    for (const { node, seq } of written) {
      this.#sent.get(node)?.add(seq);
      this.#deliver(node, seq);
    }
    await this.#untilTaken();
  }

  /** How far a node's chain has come in without a gap. */
  taken(node: NodeId): number {
    const sent = this.#sent.get(node);
    let seq = 0;
    while (sent?.has(seq + 1) === true) seq += 1;
    return seq;
  }

  async cancel(index: number): Promise<void> {
    const { trial, state } = this.trial(index);
    if (!isFinal(state)) await this.store.commit({ kind: "cancelled", trial, why: "cancelled by ann: test" });
  }

  /** @param late so long that every lease and wait is over. @param renewed those that run have renewed theirs just before. */
  async settle(late: boolean, renewed: boolean): Promise<void> {
    // The first looks begin what is waited for, and see that it is.
    for (let i = 0; i < 3; i++) await this.#pass();
    if (late) this.#nowMs += LIMIT_MS + 1000;
    if (late && renewed) this.#renewAll();
    for (let i = 0; i < 4; i++) await this.#pass();
  }

  #renewAll(): void {
    for (const { trial, attempts } of this.store.state.trials.values())
      for (const { attempt, devices, endedAt } of attempts)
        if (endedAt === null)
          for (const node of Object.values(devices))
            this.#leases.renewed({ node, trial, attempt }, this.#nowMs);
  }

  async #pass(): Promise<void> {
    this.#nowMs += 501;
    await this.#reconciler?.pass(true);
  }

  async #submit(): Promise<void> {
    const definition = studySchema.parse({
      study: "s",
      specimens: { tiny: { path: "x" } },
      brains: { b: { provider: "scripted", behaviour: "competent" } },
      scenarios: ["cross-device"],
      ...{ trialsPerArm: TRIALS, maxAttempts: MOST_ATTEMPTS },
    });
    const specimens = { tiny: { name: "tiny", sha256: SHA } };
    const scenarios = scenariosFixture(["cross-device"]);
    const body = coordinatorRecordBodySchema.parse({
      ...{ kind: "study-submitted", study: STUDY, file: "", definition, specimens, scenarios },
    });
    await this.store.commit(body);
  }

  #deliver(node: NodeId, seq: number): void {
    const line = this.#lines.get(node)?.[seq - 1];
    if (line !== undefined) this.#intake?.take(subjects.record(node), Buffer.from(line), () => undefined);
  }

  async #untilTaken(): Promise<void> {
    for (const node of [N1, N2])
      while ((this.store.state.taken.get(node) ?? 0) < this.taken(node))
        await new Promise((resolve) => setImmediate(resolve));
  }

  /** Holds every single record to the table of edges. */
  #watch(store: JournalStore): void {
    const states = new Map<string, TrialState>();
    for (const { trial, state } of store.state.trials.values()) states.set(trial, state);
    let adjudicated: { readonly trial: string; readonly from: TrialState } | null = null;
    store.onApplied((record) => {
      for (const { trial, state, attempts } of store.state.trials.values()) {
        const known = states.get(trial);
        states.set(trial, state);
        if (attempts.filter(({ endedAt }) => endedAt === null).length > 1)
          this.problems.push(`${trial} has two live attempts`);
        if (attempts.length > MOST_ATTEMPTS) this.problems.push(`${trial} has ${attempts.length} attempts`);
        if (known === undefined || known === state) continue;
        // A verdict, and in the same write that it does not count, since a cell was not proved gone: one step.
        const from = isRecall(record, trial) && adjudicated?.trial === trial ? adjudicated.from : known;
        if (!TRIAL_EDGES.some((edge) => edge.from === from && edge.to === state))
          this.problems.push(`${trial} went from ${from} to ${state} by ${record.body.kind}`);
        adjudicated = record.body.kind === "adjudicated" ? { trial, from: known } : null;
      }
    });
  }
}

export interface Written {
  readonly node: NodeId;
  readonly seq: number;
}

const isRecall = ({ body }: CoordinatorRecord, trial: string) =>
  body.kind === "invalid" && body.key.trial === trial;
