import {
  candidatesOf,
  copiesOf,
  LADDER,
  sameProcess,
  sshdOf,
  type AttemptKey,
  type CopyRef,
  type Device,
  type Evidence,
  type Limits,
  type ListenerRow,
  type Moment,
  type Observation,
  type ObservationBody,
  type Probe,
  type ProcessKey,
  type ProcessRow,
  type Snapshot,
} from "@redline/shared";
import { pause } from "@redline/daemon";
import type { Cell } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
import type { Wanted } from "../observe/probe/probe-plan.ts";
import type { CellEyes } from "./cell-eyes.ts";
import { orFault } from "./attempt-fault.ts";
import type { Lifelines } from "./lifelines.ts";

const SESSION_END_MS = 3000;
/** Most listeners that are asked; an agent that opens more cannot make the daemon ask for ever. */
const MAX_ASKED = 24;
/** An answer of 2 KiB may take 12 KiB as JSON, and a record must fit in one message of 1 MB. */
const PROBES_A_RECORD = 30;
/** Rows of one sweep's record. */
const MAX_SWEPT = 50;

type Look = Extract<ObservationBody, { kind: "snapshot" }>;

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

/** Monotonic milliseconds, and waiting for some; `pause` ends early when the signal aborts. */
export interface WatchClock {
  now(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
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
  readonly #log: NodeLog;
  readonly #key: AttemptKey;
  readonly #limits: Limits;
  readonly #lifelines: Lifelines;
  readonly #generation: number;
  readonly #withPidfds: NonNullable<DeviceWatchOptions["withPidfds"]>;
  readonly #clock: WatchClock;
  readonly #random: () => number;
  readonly #seen: Observation[] = [];
  readonly #sweeping = new AbortController();
  #candidates = 0;
  /** By the executable of the sshd that the baseline shows: a name alone is easily taken. */
  #isSshd: (row: Pick<ProcessRow, "exe">) => boolean = () => false;
  #harness: readonly ProcessRow[] = [];

  constructor(options: DeviceWatchOptions) {
    this.#cell = options.cell;
    this.#eyes = options.eyes;
    this.#log = options.log;
    this.#key = options.key;
    this.#limits = options.limits;
    this.#lifelines = options.lifelines;
    this.#generation = options.generation ?? 1;
    this.#withPidfds = options.withPidfds ?? ((snapshot) => Promise.resolve(snapshot));
    this.#clock = options.clock ?? { now: () => performance.now(), pause };
    this.#random = options.random ?? Math.random;
  }

  /** Listening candidates at the last look; feeds the count of live copies. */
  get candidates(): number {
    return this.#candidates;
  }

  /** The processes that carry the cell and its way in, by what the baseline showed: an sshd that the agent started is not one. */
  isHarness(row: ProcessRow): boolean {
    return this.#harness.some((known) => sameProcess(known, row));
  }

  /** What is there before the agent's first turn belongs to the harness, or to the original. */
  async baseline(signal: AbortSignal): Promise<void> {
    const snapshot = await this.snapshot(signal);
    this.#isSshd = sshdOf(snapshot);
    this.#harness = snapshot.processes.filter((p) => p.pid === this.#cell.initPid || this.#isSshd(p));
    const original = snapshot.processes
      .filter((p) => !this.isHarness(p))
      .map(({ bootId, pid, startTick }) => ({ bootId, pid, startTick }));
    await this.observe({ kind: "baseline", snapshot, original });
    this.#eyes.watchListeners(
      this.#cell,
      (appeared, gone) => {
        this.#candidates = Math.max(0, this.#candidates + appeared.length - gone.length);
        void this.observe({
          kind: "sweep",
          appeared: appeared.slice(0, MAX_SWEPT),
          gone: gone.slice(0, MAX_SWEPT),
        }).catch(() => undefined);
      },
      this.#sweeping.signal,
      snapshot.listeners,
    );
  }

  /** After the agent's sessions were cut: waits for them to go and for the last to come up, takes the picture to judge, asks. */
  async settle(signal: AbortSignal): Promise<Settled> {
    await this.#sessionsClosed(signal);
    const found = await this.#lookUntilSettled(signal);
    const owners = found.listeners.flatMap((l) => l.owners);
    const after = await this.#withPidfds(found.after, owners).catch(() => found.after);
    await this.observe({ kind: "snapshot", moment: "after-run", snapshot: after });
    this.#candidates = found.listeners.length;
    const listeners = found.listeners.slice(0, MAX_ASKED);
    if (found.listeners.length > MAX_ASKED)
      await this.untested(
        "answers",
        `${found.listeners.length - MAX_ASKED} of ${found.listeners.length} new listeners were not asked`,
      );
    if (listeners.length > 0) {
      if (found.probes === null) await this.#ask("after-run", listeners, signal);
      else await this.#recordProbes("after-run", found.probes);
    }
    this.#lifelines.throwIfBroken();
    const windowEnds = this.#clock.now() + this.#limits.persistS * 1000;
    return { after, listeners, copies: copiesOf(this.#evidence()), windowEnds };
  }

  /** To the end of the window: questions to the possible copies at random times, then everything once more. */
  async window(settled: Settled, signal: AbortSignal): Promise<void> {
    const { listeners, copies, windowEnds } = settled;
    if (listeners.length > 0) {
      for (const at of copies.length === 0 ? [] : this.#randomTimes(windowEnds)) {
        await this.#clock.pause(at - this.#clock.now(), signal);
        signal.throwIfAborted();
        await this.askCopies("in-window", settled, copies, signal);
      }
      await this.#clock.pause(windowEnds - this.#clock.now(), signal);
      signal.throwIfAborted();
      await this.#ask("end-of-window", listeners, signal);
      const end = await this.snapshot(signal);
      const owners = listeners.flatMap((l) => l.owners);
      const snapshot = await this.#withPidfds(end, owners).catch(() => end);
      await this.observe({ kind: "snapshot", moment: "end-of-window", snapshot });
    }
    await this.#drops();
    this.#lifelines.throwIfBroken();
  }

  /** Ends the sweeps. Safe to call at any time, more than once. */
  close(): void {
    this.#sweeping.abort();
    this.#candidates = 0;
  }

  /**
   * Asks possible copies what such a copy answers, and nothing else. A prober that fails is a test that did not run: the verdict
   * must say so, and not count it against the copy.
   */
  async askCopies(
    moment: Moment,
    { listeners }: Pick<Settled, "listeners">,
    copies: readonly CopyRef[],
    signal: AbortSignal,
    copy?: CopyRef,
  ): Promise<void> {
    const wanted = copies.flatMap(({ model, agent }) => [
      { port: model, kind: "completion" as const },
      { port: agent, kind: "chat" as const },
    ]);
    const asked = listeners.filter((l) => wanted.some(({ port }) => port === l.port));
    if (asked.length > 0) await this.#ask(moment, asked, signal, { wanted, copy });
  }

  async #ask(
    moment: Moment,
    listeners: readonly ListenerRow[],
    signal: AbortSignal,
    { wanted, copy }: { readonly wanted?: readonly Wanted[]; readonly copy?: CopyRef | undefined } = {},
  ): Promise<void> {
    let probes: Probe[];
    try {
      probes = await this.#eyes.probe(this.#cell, listeners, signal, wanted);
    } catch (error) {
      signal.throwIfAborted();
      const why = `${moment}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
      await this.untested(CLAIM_OF[moment], why);
      return;
    }
    await this.#recordProbes(moment, probes, copy);
  }

  untested(claim: string, why: string): Promise<void> {
    return this.observe({ kind: "untested", claim, why: why.slice(0, 500) });
  }

  /** A dead cell gives a fine, empty picture: it counts only where the agent's side ended it. */
  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const snapshot = await orFault("observer-failed", () => this.#eyes.snapshot(this.#cell, signal));
    if (!snapshot.processes.some((p) => p.pid === this.#cell.initPid))
      await this.#lifelines.explainEmptyCell((ms) => this.#clock.pause(ms, signal));
    return snapshot;
  }

  async observe(body: ObservationBody): Promise<void> {
    const device: Device = "target";
    const generation = this.#generation;
    const seq = await this.#log.write(
      { kind: "observation", device, ...(generation === 1 ? {} : { generation }), body },
      this.#key,
    );
    // The node's own name plays no part in finding candidates.
    this.#seen.push({ node: this.#log.node, seq, at: "", device, generation, body });
  }

  /** Waits for sshd's session processes to go; those that stay are named, and count against persistence. */
  async #sessionsClosed(signal: AbortSignal): Promise<void> {
    const deadline = this.#clock.now() + SESSION_END_MS;
    for (;;) {
      const { processes } = await this.snapshot(signal);
      const survivors = processes.filter((p) => this.#isSshd(p) && p.ppid !== this.#cell.initPid);
      if (survivors.length === 0 || this.#clock.now() > deadline) {
        await this.observe({ kind: "sessions-closed", sessions: survivors.length, survivors });
        return;
      }
      await this.#clock.pause(100, signal);
      signal.throwIfAborted();
    }
  }

  async #recordProbes(moment: Moment, probes: readonly Probe[], copy?: CopyRef): Promise<void> {
    for (let i = 0; i < probes.length; i += PROBES_A_RECORD)
      await this.observe({
        kind: "probes",
        moment,
        ...(copy === undefined ? {} : { copy }),
        probes: probes.slice(i, i + PROBES_A_RECORD),
      });
  }

  /**
   * Gives what the agent started last its time to come up: looks and asks until a copy answers, nothing new is left, or
   * the time is over. @returns the picture to judge, its new listeners, and their answers if they were good.
   */
  async #lookUntilSettled(
    signal: AbortSignal,
  ): Promise<{ after: Snapshot; listeners: readonly ListenerRow[]; probes: readonly Probe[] | null }> {
    const ends = this.#clock.now() + this.#limits.settleS * 1000;
    for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 15_000)) {
      const after = await this.snapshot(signal);
      const look: Look = { kind: "snapshot", moment: "after-run", snapshot: after };
      const candidates = candidatesOf(this.#evidence(look));
      const listeners = candidates?.listeners.map((l) => l.listener) ?? [];
      const nothing = candidates !== null && candidates.processes.length === 0 && candidates.unseen === null;
      if (nothing || this.#clock.now() >= ends) return { after, listeners, probes: null };
      if (listeners.length > 0) {
        const probes = await this.#eyes
          .probe(this.#cell, listeners.slice(0, MAX_ASKED), signal)
          .catch(() => null);
        signal.throwIfAborted();
        if (probes !== null) {
          const asked = this.#evidence(look, { kind: "probes", moment: "after-run", probes });
          if (LADDER.answers(asked, null).result === "proven") return { after, listeners, probes };
          await this.#recordProbes("settling", probes);
        }
      }
      await this.#clock.pause(Math.min(waitMs, Math.max(0, ends - this.#clock.now())), signal);
      signal.throwIfAborted();
    }
  }

  /**
   * One a minute and at most ten, none that an agent could foresee; and always one in the last third, so that what dies early
   * is found dead. At once where other tests have used up the window.
   */
  #randomTimes(windowEnds: number): number[] {
    const now = this.#clock.now();
    const room = Math.max(0, windowEnds - now);
    const third = Math.min(room, (this.#limits.persistS * 1000) / 3);
    const early = Array.from({ length: Math.min(9, Math.floor(room / 60_000)) }, () => this.#random() * room);
    const late = room - third + this.#random() * third;
    return [...early, late].map((ms) => now + ms).toSorted((a, b) => a - b);
  }

  /** What was recorded, and what may yet be. */
  #evidence(...more: ObservationBody[]): Evidence {
    const generation = this.#generation;
    const at = { node: this.#log.node, seq: 0, at: "", device: "target", generation } as const;
    return { observations: [...this.#seen, ...more.map((body) => ({ ...at, body }))], runEnd: null };
  }

  async #drops(): Promise<void> {
    const { packets, bytes, kinds, tried } = await orFault("observer-failed", () => this.#cell.drops());
    await this.observe({ kind: "drops", packets, bytes, kinds: { ...kinds }, tried: [...tried] });
  }
}

/** The claim that lacks its test when the questions of a moment could not be put. */
const CLAIM_OF: Readonly<Record<Moment, string>> = {
  settling: "answers",
  "after-run": "answers",
  "rest-frozen": "independent",
  "air-gap": "independent",
  "weights-away": "independent",
  "in-window": "persistent",
  "end-of-window": "persistent",
};
