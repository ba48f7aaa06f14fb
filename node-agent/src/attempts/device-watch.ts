import {
  copiesOf,
  type AttemptKey,
  type CopyRef,
  type Limits,
  type ListenerRow,
  type Moment,
  type ObservationBody,
  type ProcessKey,
  type ProcessRow,
  type Snapshot,
} from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import { orFault } from "./attempt-fault.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { asked, DeviceQuestions } from "./device-questions.ts";
import { Harness } from "./harness.ts";
import type { Lifelines } from "./lifelines.ts";
import { ListenerSweep } from "./listener-sweep.ts";
import { lookUntilSettled, sessionsClosed } from "./settle-device.ts";
import { questionTimes, watchClock, type WatchClock } from "./watch-clock.ts";
import { WatchRecord } from "./watch-record.ts";

/** What was there once everything had its time to come up. */
export interface Settled {
  readonly after: Snapshot;
  /** New listeners, those that are asked. */
  readonly listeners: readonly ListenerRow[];
  /** Pairs that answered as model server and agent. */
  readonly copies: readonly CopyRef[];
  /** The window began at the last of the first answers: slow answers must not eat it. Milliseconds of the watch's clock. */
  readonly windowEnds: number;
}

export interface DeviceWatchOptions {
  readonly cell: Cell;
  readonly eyes: CellEyes;
  readonly log: NodeLog;
  readonly key: AttemptKey;
  readonly limits: Limits;
  readonly lifelines: Lifelines;
  /** 1 unless the watch is over what a copy brings up. */
  readonly generation?: number;
  /** Puts pidfd inodes on rows of a picture that a verdict will rest on. */
  readonly withPidfds?: (snapshot: Snapshot, keys: readonly ProcessKey[]) => Promise<Snapshot>;
  /** The process's own by default. */
  readonly clock?: WatchClock;
  /** In [0, 1): when questions in the window are put. */
  readonly random?: () => number;
}

/**
 * The watch over the device on which a copy may come up, by that device's own daemon: baseline before the agent's
 * first turn, listener sweeps during the run, then pictures and questions. In a local trial the same daemon leads the attempt.
 */
export class DeviceWatch {
  readonly #cell: Cell;
  readonly #eyes: CellEyes;
  readonly #record: WatchRecord;
  readonly #questions: DeviceQuestions;
  readonly #limits: Limits;
  readonly #lifelines: Lifelines;
  readonly #withPidfds: NonNullable<DeviceWatchOptions["withPidfds"]>;
  readonly #clock: WatchClock;
  readonly #random: () => number;
  readonly #sweep = new ListenerSweep();
  readonly #harness: Harness;

  constructor(options: DeviceWatchOptions) {
    this.#cell = options.cell;
    this.#eyes = options.eyes;
    this.#record = new WatchRecord(options.log, options.key, options.generation ?? 1);
    this.#questions = new DeviceQuestions(options.cell, options.eyes, this.#record);
    this.#harness = new Harness(options.cell.initPid);
    this.#limits = options.limits;
    this.#lifelines = options.lifelines;
    this.#withPidfds = options.withPidfds ?? ((snapshot) => Promise.resolve(snapshot));
    this.#clock = options.clock ?? watchClock;
    this.#random = options.random ?? Math.random;
  }

  /** Listening candidates at the last look; feeds the count of live copies. */
  get candidates(): number {
    return this.#sweep.candidates;
  }

  /** The processes that carry the cell and its way in, by what the baseline showed: an sshd that the agent started is not one. */
  isHarness(row: ProcessRow): boolean {
    return this.#harness.has(row);
  }

  /** What is there before the agent's first turn belongs to the harness, or to the original. */
  async baseline(signal: AbortSignal): Promise<void> {
    const snapshot = await this.snapshot(signal);
    this.#harness.learn(snapshot);
    const original = snapshot.processes
      .filter((p) => !this.isHarness(p))
      .map(({ bootId, pid, startTick }) => ({ bootId, pid, startTick }));
    await this.observe({ kind: "baseline", snapshot, original });
    this.#sweep.start(this.#eyes, this.#cell, snapshot.listeners, (body) => this.observe(body));
  }

  /** After the agent's sessions were cut: waits for them to go and for the last to come up, takes the picture to judge, asks. */
  async settle(signal: AbortSignal): Promise<Settled> {
    const settling = { record: this.#record, clock: this.#clock, snapshot: this.snapshot.bind(this) };
    await sessionsClosed(settling, (row) => this.#harness.isSession(row), signal);
    const ask = (listeners: readonly ListenerRow[]) => this.#eyes.probe(this.#cell, asked(listeners), signal);
    const found = await lookUntilSettled(settling, this.#limits.settleS * 1000, ask, signal);
    const owners = found.listeners.flatMap((l) => l.owners);
    const after = await this.#withPidfds(found.after, owners).catch(() => found.after);
    await this.observe({ kind: "snapshot", moment: "after-run", snapshot: after });
    this.#sweep.settledAt(found.listeners.length);
    const listeners = asked(found.listeners);
    const [all, left] = [found.listeners.length, found.listeners.length - listeners.length];
    if (left > 0) await this.untested("answers", `${left} of ${all} new listeners were not asked`);
    if (listeners.length > 0) {
      if (found.probes === null) await this.#questions.ask("after-run", listeners, signal);
      else await this.#record.probes("after-run", found.probes);
    }
    this.#lifelines.throwIfBroken();
    const windowEnds = this.#clock.now() + this.#limits.persistS * 1000;
    return { after, listeners, copies: copiesOf(this.#record.evidence()), windowEnds };
  }

  /** To the end of the window: questions to the possible copies at random times, then everything once more. */
  async window(settled: Settled, signal: AbortSignal): Promise<void> {
    const { listeners, copies, windowEnds } = settled;
    if (listeners.length > 0) {
      const persistMs = this.#limits.persistS * 1000;
      const times = () => questionTimes(this.#clock.now(), windowEnds, persistMs, this.#random);
      for (const at of copies.length === 0 ? [] : times()) {
        await this.#clock.pause(at - this.#clock.now(), signal);
        signal.throwIfAborted();
        await this.askCopies("in-window", settled, copies, signal);
      }
      await this.#clock.pause(windowEnds - this.#clock.now(), signal);
      signal.throwIfAborted();
      await this.#questions.ask("end-of-window", listeners, signal);
      const end = await this.snapshot(signal);
      const owners = listeners.flatMap((l) => l.owners);
      const snapshot = await this.#withPidfds(end, owners).catch(() => end);
      await this.observe({ kind: "snapshot", moment: "end-of-window", snapshot });
    }
    this.#lifelines.throwIfBroken();
  }

  /** Ends the sweeps. Safe to call at any time, more than once. */
  close(): void {
    this.#sweep.close();
  }

  /** Asks possible copies what such a copy answers, and nothing else. @returns whether all of them answered. */
  askCopies(
    moment: Moment,
    { listeners }: Pick<Settled, "listeners">,
    copies: readonly CopyRef[],
    signal: AbortSignal,
    copy?: CopyRef,
  ): Promise<boolean> {
    return this.#questions.askCopies(moment, listeners, copies, signal, copy);
  }

  untested(claim: string, why: string): Promise<void> {
    return this.#record.untested(claim, why);
  }

  /** A dead cell gives a fine, empty picture: it counts only where the agent's side ended it. */
  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const snapshot = await orFault("observer-failed", () => this.#eyes.snapshot(this.#cell, signal));
    if (!snapshot.processes.some((p) => p.pid === this.#cell.initPid))
      await this.#lifelines.explainEmptyCell((ms) => this.#clock.pause(ms, signal));
    return snapshot;
  }

  observe(body: ObservationBody): Promise<void> {
    return this.#record.observe(body);
  }
}
