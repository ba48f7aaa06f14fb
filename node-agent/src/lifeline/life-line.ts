import { performance } from "node:perf_hooks";
import type { Logger } from "@redline/daemon";
import type { PulseOrder } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import type { RunningPart } from "../attempts/registry.ts";
import type { Cell } from "../cell/cell.ts";
import { attemptCells } from "./attempt-cells.ts";
import { endAll, recordEmptied, type EndParts } from "./end-all.ts";

const CHECK_MS = 100;

export interface LifeLineOptions extends EndParts {
  readonly logger: Logger;
  /** Longest time without a pulse. */
  readonly limitMs: number;
}

/**
 * The daemon's end of the life line: coordinator -> pulse -> daemon -> pipe -> init. While something runs here, pulses must come,
 * and name each attempt; the first within the limit from the start of what runs. Else it is ended. Afterwards the node works on.
 */
export class LifeLine {
  readonly #options: LifeLineOptions;
  readonly #nowMs: () => number;
  /** Newest pulse: term, number in it, and when it came. */
  #epoch = 0;
  #beat = 0;
  #pulsedMs: number | null = null;
  /** Since when something has been running without a break. */
  #busySinceMs: number | null = null;
  /** When each part was last named, or first seen. */
  readonly #namedMs = new WeakMap<RunningPart, number>();
  readonly #cells = new WeakMap<Cell, { dead: boolean }>();
  readonly #ending = new Set<Promise<void>>();
  #checkedMs: number | null = null;
  #wasLate = false;

  constructor(options: LifeLineOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Takes a pulse whose signature was checked. False, and nothing else, for one that is not newer than the last. */
  pulse(order: PulseOrder, epoch: number): boolean {
    if (epoch < this.#epoch || (epoch === this.#epoch && order.beat <= this.#beat)) return false;
    this.#epoch = epoch;
    this.#beat = order.beat;
    const now = this.#nowMs();
    this.#pulsedMs = now;
    const live = new Set(order.live.map(nameOf));
    for (const part of this.#options.registry.all())
      if (live.has(nameOf(part.key))) this.#namedMs.set(part, now);
    return true;
  }

  /** Since the newest pulse, ms; null before the first. For metrics. */
  silentMs(): number | null {
    return this.#pulsedMs === null ? null : this.#nowMs() - this.#pulsedMs;
  }

  /** Looks every 100 ms until the signal aborts. */
  start(signal: AbortSignal): void {
    const timer = setInterval(() => this.check(), CHECK_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  /** One look: ends what no pulse keeps alive. What it ends is told at once; `idle` waits for the rest. */
  check(): void {
    const { registry, limitMs } = this.#options;
    const now = this.#nowMs();
    const late = !this.#wasLate && this.#checkedMs !== null && now - this.#checkedMs > 5 * CHECK_MS;
    this.#wasLate = late;
    this.#checkedMs = now;
    const parts = registry.all().filter((part) => !part.cancel.signal.aborted);
    for (const part of parts) if (!this.#namedMs.has(part)) this.#namedMs.set(part, now);
    this.#busySinceMs = parts.length > 0 || this.#cellLives() ? (this.#busySinceMs ?? now) : null;
    // This process itself was held up: what waits in its sockets is read before the next look, once.
    if (late || this.#busySinceMs === null) return;

    const overMs = Math.max(this.#pulsedMs ?? 0, this.#busySinceMs) + limitMs;
    if (now >= overMs) {
      this.#busySinceMs = now;
      this.#track(this.#silent(overMs));
      return;
    }
    for (const part of parts) {
      const partOverMs = (this.#namedMs.get(part) ?? now) + limitMs;
      if (now >= partOverMs && !part.cancel.signal.aborted) this.#track(this.#notRenewed(part, partOverMs));
    }
  }

  /** Resolves when nothing that `check` ended is on its way out. */
  async idle(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  async #silent(overMs: number): Promise<void> {
    const { limitMs, log, logger } = this.#options;
    const detail = `no pulse of the coordinator for ${limitMs} ms`;
    const ended = await endAll(this.#options, overMs, new AttemptFault("coordinator-silent", detail));
    logger.error({ cells: ended.cells, parts: ended.parts, tookMs: ended.tookMs }, `${detail}; ended all`);
    await recordEmptied(log, "coordinator-silent", ended, `${detail}; ${ended.parts} parts ended`);
    await ended.done;
  }

  async #notRenewed(part: RunningPart, overMs: number): Promise<void> {
    const { driver, registry, limitMs, log, logger } = this.#options;
    const { key } = part;
    const cells = attemptCells(driver.cells(), key);
    const emptied = Promise.all(cells.map((cell) => cell.empty()));
    const detail = `the coordinator's pulses did not name this attempt for ${limitMs} ms`;
    // Both parts of the attempt, should the other be here too: its cell is empty.
    const ended = registry.end(
      (other) => nameOf(other.key) === nameOf(key),
      new AttemptFault("coordinator-silent", detail),
    );
    await emptied;
    const tookMs = Math.max(0, this.#nowMs() - overMs);
    logger.error({ trial: key.trial, attempt: key.attempt, tookMs }, `${detail}; ended it`);
    await recordEmptied(log, "not-renewed", { cells: cells.length, tookMs }, detail, key);
    await ended;
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#options.logger.error({ err: error }, "an end could not be recorded"))
      .finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }

  /** A cell that could not be proved gone stays on the driver's list; it counts until its init has ended. */
  #cellLives(): boolean {
    let lives = false;
    for (const cell of this.#options.driver.cells()) {
      const known = this.#cells.get(cell) ?? { dead: false };
      if (!this.#cells.has(cell)) {
        this.#cells.set(cell, known);
        void cell.died.then(() => {
          known.dead = true;
        });
      }
      lives ||= !known.dead;
    }
    return lives;
  }
}

const nameOf = ({ trial, attempt }: { trial: string; attempt: number }) => `${trial}.${attempt}`;
