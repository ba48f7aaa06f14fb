import {
  isFinal,
  type AttemptView,
  type CoordinatorRecordBody,
  type Inventory,
  type NodeId,
  type StudyId,
  type StudyView,
  type TrialId,
  type TrialView,
} from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { AttemptOrders } from "./attempt-orders.ts";
import {
  judgeAttempt,
  mayRetry,
  type JudgeClock,
  type JudgeLimits,
  type Judgement,
} from "./attempt-judge.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { completionOf, lateSterilityOf } from "./completion.ts";
import { budgetHold } from "./budget-hold.ts";
import { faultHold } from "./fault-hold.ts";
import { FirstSeen } from "./first-seen.ts";
import { heldSlots, isLeaving } from "./held-slots.ts";
import type { JournalStore } from "./journal-store.ts";
import type { LeaseBook } from "./lease-book.ts";
import { OpenTrials } from "./open-trials.ts";
import { Claims } from "./scheduler-claims.ts";
import { schedule, type Placement, type ScheduleInput } from "./scheduler.ts";
import { endOf } from "./study-end.ts";
import type { SealPorts } from "./seal.ts";
import type { TrialMirror } from "./trial-mirror.ts";

export interface ReconcilerPorts {
  readonly store: JournalStore;
  readonly leases: LeaseBook;
  readonly orders: Pick<AttemptOrders, "run" | "cancel" | "ended">;
  readonly mirror: Pick<TrialMirror, "shows" | "sync">;
  readonly bus: Pick<Bus, "upSinceMs">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly seals: SealPorts;
  /** Inventories of nodes heard of just now. */
  readonly live: (nowMs: number) => readonly Inventory[];
  /** Nodes of the lab, now; without it every node is one. */
  readonly enrolled?: ReadonlySet<NodeId>;
  readonly epoch: number;
  readonly limits: JudgeLimits & ScheduleInput["limits"];
}

/** A step that was begun: resolves when it is journalled and said. */
interface Work {
  readonly trial: TrialId;
  readonly done: Promise<void>;
  /** The trial may wait for another attempt when it is done. */
  readonly mayWait: boolean;
}

/** With no free slot, waiting trials are looked at again only so often, ms. */
const LOOK_AGAIN_MS = 500;
/** Mirror entries written in one sweep: after a restart there may be thousands to write. */
const MIRRORED_AT_ONCE = 256;

/**
 * One pass looks at every trial about which something new was journalled, and at least every twelfth of a lease at every trial that was
 * placed and is not over; and does what is due: judge attempts, pause studies whose budget is used up, place waiting trials, end studies.
 * State machine: see `TrialView`. Every step is journalled before it is acted on, so that a pass that died in the middle is taken up by
 * the next. What is due for different trials is journalled in one write.
 */
export class Reconciler {
  readonly #ports: ReconcilerPorts;
  readonly #book: OpenTrials;
  readonly #seen = new FirstSeen();
  readonly #never = new FirstSeen();
  readonly #claims = new Claims();
  readonly #sweepMs: number;
  #sweptMs = -Infinity;
  #lookedMs = -Infinity;

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
    this.#sweepMs = Math.min(500, Math.max(50, ports.limits.leaseMs / 12));
    this.#book = new OpenTrials(ports.store.state);
    ports.store.onApplied((record) => this.#book.take(record));
  }

  /** @param placing false while the coordinator is going down. */
  async pass(placing: boolean): Promise<void> {
    const { store, clock, bus, leases, enrolled } = this.#ports;
    const nowMs = clock.monoMs();
    const sweep = nowMs - this.#sweptMs >= this.#sweepMs;
    if (sweep) {
      this.#sweptMs = nowMs;
      // Between two sweeps every condition is asked for at least once: those that are not do not hold any more.
      this.#seen.begin();
    }
    const judge: JudgeClock = {
      nowMs,
      sinceEndMs: (attempt) => store.state.sinceEndMs(attempt),
      busUpSinceMs: bus.upSinceMs,
      ...(enrolled === undefined ? {} : { enrolled }),
      since: (condition) => this.#seen.since(condition, nowMs),
      renewedMs: (node, trial, attempt) => leases.lastMs(node, trial, attempt),
    };
    const { trials, studies } = this.#book.begin(sweep);
    const work = trials.flatMap((trial) => this.#judge(trial, judge) ?? []);
    try {
      // A trial that failed waits again, and is placed by this very pass.
      await Promise.all(work.filter(({ mayWait }) => mayWait).map(({ done }) => done));
      await this.#holdStudies(studies);
      if (placing) work.push(...this.#place(this.#underWay(work), judge));
    } finally {
      await Promise.all(work.map(({ done }) => done));
    }
    await this.#endStudies(studies);
    if (sweep) this.#mirror();
    for (const trial of trials) if (this.#isOver(trial, judge)) this.#book.forget(trial);
  }

  /** Trials about which something is being journalled. */
  #underWay(work: readonly Work[]): Set<TrialId> {
    return new Set(work.flatMap(({ trial, mayWait }) => (mayWait ? [] : [trial])));
  }

  #mirror(): void {
    const { mirror } = this.#ports;
    let left = MIRRORED_AT_ONCE;
    for (const trial of this.#book.changed) {
      if (mirror.shows(trial)) this.#book.changed.delete(trial);
      else if (left > 0) {
        left -= 1;
        void mirror.sync(trial);
      }
    }
  }

  /** Ended, and nothing of it is left on a node. That others are shown it may still be to come. */
  #isOver(trial: TrialView, judge: JudgeClock): boolean {
    return (
      isFinal(trial.state) &&
      lateSterilityOf(trial).length === 0 &&
      !isLeaving(trial, judge, this.#ports.limits.evidenceWaitMs)
    );
  }

  /** What is due about a trial, begun; null where nothing is. */
  #judge(trial: TrialView, judge: JudgeClock): Work | null {
    const { store, limits } = this.#ports;
    const attempt = trial.attempts.at(-1);
    const late = lateSterilityOf(trial);
    if (late.length > 0) return { trial: trial.trial, done: this.#recall(trial, late), mayWait: true };
    const study = store.state.studies.get(trial.study);
    if (attempt === undefined || study === undefined || isFinal(trial.state) || trial.state === "waiting")
      return null;
    const judgement = judgeAttempt(trial, attempt, judge, limits);
    if (judgement.todo === "nothing") return null;
    const mayWait = judgement.todo === "invalid";
    return { trial: trial.trial, done: this.#carryOut(judgement, study, trial, attempt), mayWait };
  }

  async #carryOut(
    judgement: Exclude<Judgement, { todo: "nothing" }>,
    study: StudyView,
    trial: TrialView,
    attempt: AttemptView,
  ): Promise<void> {
    const { store, orders, log, seals } = this.#ports;
    const fields = { study: trial.study, trial: trial.trial, attempt: attempt.attempt };
    if (judgement.todo === "adjudicate") {
      // In one write: a crash between them would leave a verdict that does not count.
      const bodies = completionOf(study, trial, attempt, seals);
      await Promise.all(bodies.map((body) => store.commit(body)));
      orders.ended(trial, attempt);
      log.info({ ...fields, verdicts: trial.verdicts }, "attempt adjudicated");
      if (trial.state === "done")
        for (const why of attempt.sealed?.problems ?? ["its verdicts are too long for a record"])
          log.warn({ ...fields, why }, "attempt has no whole seal");
    } else {
      const { fault, detail } = judgement;
      const retry = mayRetry(fault, attempt, study.definition.maxAttempts);
      const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
      await store.commit({ kind: "invalid", key, fault, detail, retry });
      orders.cancel(trial, attempt, `${fault}: ${detail}`);
      log.warn({ ...fields, fault, detail, retry }, "attempt is invalid");
    }
    this.#forgetLeases(trial, attempt);
  }

  /** An attempt that is over left something behind: the trial ends, and with it the attempt that followed. */
  async #recall(trial: TrialView, bodies: readonly CoordinatorRecordBody[]): Promise<void> {
    const { store, orders, log } = this.#ports;
    const last = trial.attempts.at(-1);
    const running = last?.endedAt === null ? last : null;
    await Promise.all(bodies.map((body) => store.commit(body)));
    log.warn({ study: trial.study, trial: trial.trial, why: trial.why }, "an ended attempt is not sterile");
    if (running === null) return;
    orders.cancel(trial, running, trial.why);
    this.#forgetLeases(trial, running);
  }

  #forgetLeases(trial: TrialView, attempt: AttemptView): void {
    for (const node of new Set(Object.values(attempt.devices)))
      this.#ports.leases.forget(node, trial.trial, attempt.attempt);
  }

  /** Before anything is placed: no attempt begins once a study's budget is used up. */
  async #holdStudies(studies: Iterable<StudyId>): Promise<void> {
    const { store, log } = this.#ports;
    for (const id of studies) {
      const study = store.state.studies.get(id);
      const trials = () => store.state.trialsOf(id);
      const hold = study === undefined ? null : (budgetHold(study, trials) ?? faultHold(study, trials));
      if (hold === null) continue;
      await store.commit(hold);
      log.warn(
        { study: id, why: study?.paused?.why },
        hold.kind === "study-paused" ? "study paused" : "study resumed",
      );
    }
  }

  /** @param taken trials about which something is being journalled: they are looked at when that has been applied. */
  #place(taken: ReadonlySet<TrialId>, judge: JudgeClock): Work[] {
    const { store, live, limits, enrolled } = this.#ports;
    if (this.#book.waiting.size === 0) return [];
    const nodes = live(judge.nowMs);
    const held = heldSlots(this.#book.watched(), judge, limits.evidenceWaitMs, store.state.studies);
    const free = nodes.reduce(
      (sum, node) =>
        node.state === "ready" ? sum + Math.max(0, node.slots - (held.get(node.node)?.slots ?? 0)) : sum,
      0,
    );
    if (free === 0 && judge.nowMs - this.#lookedMs < LOOK_AGAIN_MS) return [];
    this.#lookedMs = judge.nowMs;
    this.#never.begin();
    const candidates = this.#book.candidates(Math.max(1, free)).filter(({ trial }) => !taken.has(trial));
    const { placements, hopeless } = schedule({
      state: store.state,
      // One that waits for its next attempt is watched too: twice in the list it would be placed twice.
      trials: [...this.#book.watched().filter(({ state }) => state !== "waiting"), ...candidates],
      live: nodes,
      // A removed node never comes back: what only that could carry need not wait for it.
      known: [...store.state.nodes.values()]
        .map((node) => node.inventory)
        .filter(({ node }) => enrolled?.has(node) ?? true),
      held,
      claims: this.#claims,
      clock: { ...judge, since: (condition) => this.#never.since(condition, judge.nowMs) },
      limits,
    });
    return [
      ...placements.map((placement) => ({
        trial: placement.trial.trial,
        done: this.#placeOne(placement),
        mayWait: false,
      })),
      ...hopeless.flatMap(({ trial, why }) => this.#giveUp(trial, why)),
    ];
  }

  /** What can never start and all that are like it. */
  #giveUp(hopeless: TrialView, why: string): Work[] {
    const { store } = this.#ports;
    return this.#book.waiting.likeIt(hopeless.trial).map(({ trial }) => ({
      trial,
      done: store.commit({ kind: "cancelled", trial, why }).then(() => undefined),
      mayWait: false,
    }));
  }

  async #placeOne({ trial, devices, gpus }: Placement): Promise<void> {
    const { store, orders, epoch, log } = this.#ports;
    const study = store.state.studies.get(trial.study);
    if (study === undefined) return;
    const number = (trial.attempts.at(-1)?.attempt ?? 0) + 1;
    const key = { trial: trial.trial, attempt: number, epoch };
    await store.commit({
      ...{ kind: "placed", study: trial.study, key, devices },
      ...(gpus === null ? {} : { gpus }),
    });
    const attempt = store.state.attempt(key);
    if (attempt === undefined) return;
    log.info({ study: trial.study, trial: trial.trial, attempt: number, devices }, "attempt placed");
    orders.run(study, trial, attempt);
  }

  async #endStudies(studies: Iterable<StudyId>): Promise<void> {
    const { store, log } = this.#ports;
    for (const id of studies) {
      if (store.state.counts.openOf(id) > 0 || !this.#book.studies.has(id)) continue;
      const why = endOf(store.state.trialsOf(id));
      if (why === null) continue;
      await store.commit({ kind: "study-ended", study: id, why });
      log.info({ study: id, why }, "study ended");
    }
  }
}
