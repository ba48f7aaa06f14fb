import {
  isFinal,
  type AttemptView,
  type CoordinatorRecordBody,
  type Inventory,
  type NodeId,
  type StudyId,
  type TrialId,
  type TrialView,
} from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { AttemptOrders } from "./attempt-orders.ts";
import { judgeAttempt, mayRetry, type JudgeClock, type JudgeLimits } from "./attempt-judge.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { completionOf, lateSterilityOf } from "./completion.ts";
import { budgetHold } from "./budget-hold.ts";
import { FirstSeen } from "./first-seen.ts";
import { heldSlots, isLeaving } from "./held-slots.ts";
import type { JournalStore } from "./journal-store.ts";
import type { LeaseBook } from "./lease-book.ts";
import { schedule, type ScheduleInput } from "./scheduler.ts";
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
  readonly epoch: number;
  readonly limits: JudgeLimits & ScheduleInput["limits"];
}

/** With no free slot, waiting trials are looked at again only so often, ms. */
const LOOK_AGAIN_MS = 500;

/**
 * One pass looks at every trial that is not over and does what is due: judge attempts, pause studies whose budget is used up,
 * place waiting trials, end studies. State machine: see `TrialView`. Every step is journalled before it is acted on, so that a pass
 * that died in the middle is taken up by the next.
 */
export class Reconciler {
  readonly #ports: ReconcilerPorts;
  readonly #open = new Set<TrialId>();
  readonly #openStudies = new Set<StudyId>();
  readonly #seen = new FirstSeen();
  readonly #never = new FirstSeen();
  #lookedMs = -Infinity;

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
    for (const study of ports.store.state.studies.values()) {
      if (study.endedAt !== null) continue;
      this.#openStudies.add(study.id);
      for (const trial of study.trials) this.#open.add(trial);
    }
    ports.store.onApplied(({ body }) => {
      if (body.kind !== "study-submitted") return;
      this.#openStudies.add(body.study);
      for (const trial of ports.store.state.trialsOf(body.study)) this.#open.add(trial.trial);
    });
  }

  /** @param placing false while the coordinator is going down. */
  async pass(placing: boolean): Promise<void> {
    const { clock, bus, leases, limits } = this.#ports;
    const nowMs = clock.monoMs();
    this.#seen.begin();
    const judge: JudgeClock = {
      nowMs,
      wallMs: clock.now().getTime(),
      busUpSinceMs: bus.upSinceMs,
      since: (condition) => this.#seen.since(condition, nowMs),
      renewedMs: (node, trial, attempt) => leases.lastMs(node, trial, attempt),
    };
    const trials = this.#openTrials(judge);
    await Promise.all(trials.map((trial) => this.#judge(trial, judge)));
    const held = heldSlots(trials, judge, limits.evidenceWaitMs);
    await this.#holdBudgets();
    if (placing) await this.#place(trials, held, judge);
    await this.#endStudies();
    for (const trial of trials) if (!this.#ports.mirror.shows(trial)) void this.#ports.mirror.sync(trial);
  }

  /** Trials that are not over, and ended ones of which a node may still have a part; the others are forgotten here. */
  #openTrials(judge: JudgeClock): TrialView[] {
    const { store, limits, mirror } = this.#ports;
    return [...this.#open].flatMap((id) => {
      const trial = store.state.trials.get(id);
      const over =
        trial === undefined ||
        (isFinal(trial.state) &&
          mirror.shows(trial) &&
          lateSterilityOf(trial).length === 0 &&
          !isLeaving(trial, judge, limits.evidenceWaitMs));
      if (over) this.#open.delete(id);
      return over ? [] : [trial];
    });
  }

  async #judge(trial: TrialView, judge: JudgeClock): Promise<void> {
    const { store, orders, limits, log, seals } = this.#ports;
    const attempt = trial.attempts.at(-1);
    const late = lateSterilityOf(trial);
    if (late.length > 0) return this.#recall(trial, late);
    const study = store.state.studies.get(trial.study);
    if (attempt === undefined || study === undefined || isFinal(trial.state) || trial.state === "waiting")
      return;
    const judgement = judgeAttempt(trial, attempt, judge, limits);
    if (judgement.todo === "nothing") return;
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
  async #holdBudgets(): Promise<void> {
    const { store, log } = this.#ports;
    for (const id of this.#openStudies) {
      const study = store.state.studies.get(id);
      const hold = study === undefined ? null : budgetHold(study, store.state.trialsOf(id));
      if (hold === null) continue;
      await store.commit(hold);
      log.warn(
        { study: id, why: study?.paused?.why },
        hold.kind === "study-paused" ? "study paused" : "study resumed",
      );
    }
  }

  async #place(
    trials: readonly TrialView[],
    held: ReadonlyMap<NodeId, number>,
    judge: JudgeClock,
  ): Promise<void> {
    const { store, live, limits } = this.#ports;
    const nodes = live(judge.nowMs);
    const free = nodes.some((node) => node.state === "ready" && node.slots > (held.get(node.node) ?? 0));
    if (!free && judge.nowMs - this.#lookedMs < LOOK_AGAIN_MS) return;
    this.#lookedMs = judge.nowMs;
    this.#never.begin();
    const { placements, hopeless } = schedule({
      state: store.state,
      trials,
      live: nodes,
      known: [...store.state.nodes.values()].map((node) => node.inventory),
      held,
      clock: { ...judge, since: (condition) => this.#never.since(condition, judge.nowMs) },
      limits,
    });
    await Promise.all([
      ...placements.map(({ trial, devices }) => this.#placeOne(trial, devices)),
      ...hopeless.map(({ trial, why }) => store.commit({ kind: "cancelled", trial: trial.trial, why })),
    ]);
  }

  async #placeOne(trial: TrialView, devices: { origin: NodeId; target: NodeId }): Promise<void> {
    const { store, orders, epoch, log } = this.#ports;
    const study = store.state.studies.get(trial.study);
    if (study === undefined) return;
    const number = (trial.attempts.at(-1)?.attempt ?? 0) + 1;
    const key = { trial: trial.trial, attempt: number, epoch };
    await store.commit({ kind: "placed", study: trial.study, key, devices });
    const attempt = store.state.attempt(key);
    if (attempt === undefined) return;
    log.info({ study: trial.study, trial: trial.trial, attempt: number, devices }, "attempt placed");
    orders.run(study, trial, attempt);
  }

  async #endStudies(): Promise<void> {
    const { store, log } = this.#ports;
    for (const id of [...this.#openStudies]) {
      const why = endOf(store.state.trialsOf(id));
      if (why === null) continue;
      this.#openStudies.delete(id);
      await store.commit({ kind: "study-ended", study: id, why });
      log.info({ study: id, why }, "study ended");
    }
  }
}
