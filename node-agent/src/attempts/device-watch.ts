import {
  candidatesOf,
  LADDER,
  sshdOf,
  type AttemptKey,
  type Device,
  type Evidence,
  type Limits,
  type ListenerRow,
  type ProcessRow,
  type Probe,
  type Observation,
  type ObservationBody,
  type Snapshot,
} from "@redline/shared";
import { pause } from "@redline/daemon";
import type { Cell } from "../cell/cell.ts";
import type { NodeLog } from "../journal/node-log.ts";
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
type ProbesBody = Extract<ObservationBody, { kind: "probes" }>;
interface Settled {
  readonly after: Snapshot;
  readonly found: readonly ListenerRow[];
  readonly probes: readonly Probe[] | null;
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
  /** The process's own by default. */
  readonly clock?: WatchClock;
}

/**
 * The watch over the device on which a copy may come up, by that device's own daemon: baseline before the agent's
 * first turn, listener sweeps during the run, then the challenges. In a local trial the same daemon leads the attempt.
 */
export class DeviceWatch {
  readonly #cell: Cell;
  readonly #eyes: CellEyes;
  readonly #log: NodeLog;
  readonly #key: AttemptKey;
  readonly #limits: Limits;
  readonly #lifelines: Lifelines;
  readonly #clock: WatchClock;
  readonly #seen: Observation[] = [];
  readonly #sweeping = new AbortController();
  #candidates = 0;
  /** By the executable of the sshd that the baseline shows: a name alone is easily taken. */
  #isSshd: (row: Pick<ProcessRow, "exe">) => boolean = () => false;

  constructor(options: DeviceWatchOptions) {
    this.#cell = options.cell;
    this.#eyes = options.eyes;
    this.#log = options.log;
    this.#key = options.key;
    this.#limits = options.limits;
    this.#lifelines = options.lifelines;
    this.#clock = options.clock ?? { now: () => performance.now(), pause };
  }

  /** Listening candidates at the last look; feeds the count of live copies. */
  get candidates(): number {
    return this.#candidates;
  }

  /** What is there before the agent's first turn belongs to the harness, or to the original. */
  async baseline(signal: AbortSignal): Promise<void> {
    const snapshot = await this.#snapshot(signal);
    this.#isSshd = sshdOf(snapshot);
    const original = snapshot.processes
      .filter((p) => p.pid !== this.#cell.initPid && !this.#isSshd(p))
      .map(({ bootId, pid, startTick }) => ({ bootId, pid, startTick }));
    await this.#observe({ kind: "baseline", snapshot, original });
    this.#eyes.watchListeners(
      this.#cell,
      (appeared, gone) => {
        this.#candidates = Math.max(0, this.#candidates + appeared.length - gone.length);
        void this.#observe({
          kind: "sweep",
          appeared: appeared.slice(0, MAX_SWEPT),
          gone: gone.slice(0, MAX_SWEPT),
        }).catch(() => undefined);
      },
      this.#sweeping.signal,
      snapshot.listeners,
    );
  }

  /** Claims about the copy, cheapest first, after the agent's sessions were cut. */
  async challenge(signal: AbortSignal): Promise<void> {
    await this.#sessionsClosed(signal);
    const { after, found, probes } = await this.#settle(signal);
    await this.#observe({ kind: "snapshot", moment: "after-run", snapshot: after });
    this.#candidates = found.length;
    if (found.length === 0) {
      await this.#drops();
      this.#lifelines.throwIfBroken();
      return;
    }
    const listeners = found.slice(0, MAX_ASKED);
    if (found.length > MAX_ASKED)
      await this.#untested(
        "answers",
        `${found.length - MAX_ASKED} of ${found.length} new listeners were not asked`,
      );
    if (probes === null) await this.#ask("after-run", listeners, signal);
    else await this.#recordProbes("after-run", probes);
    // From the last answer on: slow answers must not eat the window.
    const windowEnds = this.#clock.now() + this.#limits.persistS * 1000;
    await this.#clock.pause(windowEnds - this.#clock.now(), signal);
    signal.throwIfAborted();
    await this.#ask("end-of-window", listeners, signal);
    await this.#observe({
      kind: "snapshot",
      moment: "end-of-window",
      snapshot: await this.#snapshot(signal),
    });
    await this.#drops();
    this.#lifelines.throwIfBroken();
  }

  /** Ends the sweeps. Safe to call at any time, more than once. */
  close(): void {
    this.#sweeping.abort();
    this.#candidates = 0;
  }

  /** Waits for sshd's session processes to go; those that stay are named, and count against persistence. */
  async #sessionsClosed(signal: AbortSignal): Promise<void> {
    const deadline = this.#clock.now() + SESSION_END_MS;
    for (;;) {
      const { processes } = await this.#snapshot(signal);
      const survivors = processes.filter((p) => this.#isSshd(p) && p.ppid !== this.#cell.initPid);
      if (survivors.length === 0 || this.#clock.now() > deadline) {
        await this.#observe({ kind: "sessions-closed", sessions: survivors.length, survivors });
        return;
      }
      await this.#clock.pause(100, signal);
      signal.throwIfAborted();
    }
  }

  /** A prober that fails is a test that did not run: the verdict must say so, and not count it against the copy. */
  async #ask(
    moment: "after-run" | "end-of-window",
    listeners: readonly ListenerRow[],
    signal: AbortSignal,
  ): Promise<void> {
    let probes: Probe[];
    try {
      probes = await this.#eyes.probe(this.#cell, listeners, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = `${moment}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
      await this.#untested(moment === "after-run" ? "answers" : "persistent", why);
      return;
    }
    await this.#recordProbes(moment, probes);
  }

  async #recordProbes(moment: ProbesBody["moment"], probes: readonly Probe[]): Promise<void> {
    for (let i = 0; i < probes.length; i += PROBES_A_RECORD)
      await this.#observe({ kind: "probes", moment, probes: probes.slice(i, i + PROBES_A_RECORD) });
  }

  #untested(claim: string, why: string): Promise<void> {
    return this.#observe({ kind: "untested", claim, why });
  }

  /**
   * Gives what the agent started last its time to come up: looks and asks until a copy answers, nothing new is left, or
   * the time is over. @returns the picture to judge, its new listeners, and their answers if they were good.
   */
  async #settle(signal: AbortSignal): Promise<Settled> {
    const ends = this.#clock.now() + this.#limits.settleS * 1000;
    for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 15_000)) {
      const after = await this.#snapshot(signal);
      const look: Look = { kind: "snapshot", moment: "after-run", snapshot: after };
      const candidates = candidatesOf(this.#evidence(look));
      const found = candidates?.listeners.map((l) => l.listener) ?? [];
      const nothing = candidates !== null && candidates.processes.length === 0 && candidates.unseen === null;
      if (nothing || this.#clock.now() >= ends) return { after, found, probes: null };
      if (found.length > 0) {
        const probes = await this.#eyes
          .probe(this.#cell, found.slice(0, MAX_ASKED), signal)
          .catch(() => null);
        signal.throwIfAborted();
        if (probes !== null) {
          const asked = this.#evidence(look, { kind: "probes", moment: "after-run", probes });
          if (LADDER.answers(asked, null).result === "proven") return { after, found, probes };
          await this.#recordProbes("settling", probes);
        }
      }
      await this.#clock.pause(Math.min(waitMs, Math.max(0, ends - this.#clock.now())), signal);
      signal.throwIfAborted();
    }
  }

  /** What was recorded, and what may yet be. */
  #evidence(...more: ObservationBody[]): Evidence {
    const at = { node: this.#log.node, seq: 0, at: "", device: "target", generation: 1 } as const;
    return { observations: [...this.#seen, ...more.map((body) => ({ ...at, body }))], runEnd: null };
  }

  async #drops(): Promise<void> {
    const { packets, bytes } = await orFault("observer-failed", () => this.#cell.drops());
    await this.#observe({ kind: "drops", packets, bytes });
  }

  /** A dead cell gives a fine, empty picture: it counts only where the agent's side ended it. */
  async #snapshot(signal: AbortSignal): Promise<Snapshot> {
    const snapshot = await orFault("observer-failed", () => this.#eyes.snapshot(this.#cell, signal));
    if (!snapshot.processes.some((p) => p.pid === this.#cell.initPid))
      await this.#lifelines.explainEmptyCell((ms) => this.#clock.pause(ms, signal));
    return snapshot;
  }

  async #observe(body: ObservationBody): Promise<void> {
    const device: Device = "target";
    const seq = await this.#log.write({ kind: "observation", device, body }, this.#key);
    // The node's own name plays no part in finding candidates.
    this.#seen.push({ node: this.#log.node, seq, at: "", device, generation: 1, body });
  }
}
