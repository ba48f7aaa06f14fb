import { uptime } from "node:os";
import type { AttemptKey, Device, InterveneOrder } from "@redline/shared";
import { AttemptCancelled, type AttemptFault } from "./attempt-fault.ts";
import { attemptName } from "../journal/unfinished.ts";

/** Resolves when it took effect, or with `done` false and why it did not. */
export type Intervene = (
  order: Pick<InterveneOrder, "who" | "why" | "act">,
) => Promise<{ readonly done: boolean; readonly why: string }>;

/** A part of an attempt that runs on this node now. */
export interface RunningPart {
  readonly key: AttemptKey;
  readonly device: Device;
  /** Lowest free number, names the cell's address. */
  readonly slot: number;
  readonly cancel: AbortController;
  /** Resolves when its cell is gone and its last record is on disk; never rejects. */
  done: Promise<void>;
  /** For the lease and for people. */
  phase: string;
  /** Most live copies that the order allows at once; the census ends what is beyond. */
  mostCopies: number;
  /** 2 from the moment that a copy is asked to bring up one of its own. */
  generation: number;
  /**
   * When the phase in which copies may come up began, in seconds since boot (the clock of process start times); null before. What
   * started earlier belongs to the cell or to the original.
   */
  copiesSinceS: number | null;
  /** Candidate copies listening in its cell. */
  copies: () => number;
  /** What a person does to the running attempt, by its origin; null where there is nothing to do it to (yet). */
  intervene: Intervene | null;
  /** Its cell could not be proved gone: the slot is not given out again by this daemon. */
  loseSlot: () => void;
}

/** The origin's agent runs from then on; a target can be reached from then on. */
const WITH_COPIES = new Set(["run", "watch"]);
/** Until the order's own is set. */
const MOST_COPIES = 8;

/** Slots of this node and what holds them. */
export class Registry {
  readonly #size: number;
  readonly #lost = new Set<number>();
  readonly #parts = new Map<string, RunningPart>();
  /** Told after every change, so that the inventory is published at once. */
  onChange: () => void = () => undefined;

  constructor(slots: number) {
    this.#size = slots;
  }

  /** Slots that can still be given out or are in use. */
  get slots(): number {
    return this.#size - this.#lost.size;
  }

  /** Slots whose last cell could not be proved gone. */
  get lost(): number {
    return this.#lost.size;
  }

  get inUse(): number {
    return this.#parts.size;
  }

  all(): RunningPart[] {
    return [...this.#parts.values()];
  }

  find(key: Pick<AttemptKey, "trial" | "attempt">, device: Device): RunningPart | undefined {
    return this.#parts.get(`${attemptName(key)}/${device}`);
  }

  /** Takes a slot, or null when none is free. `work` runs at once and must not reject. */
  take(key: AttemptKey, device: Device, work: (part: RunningPart) => Promise<void>): RunningPart | null {
    const used = new Set(this.all().map((p) => p.slot));
    const slot = Array.from({ length: this.#size }, (_, i) => i).find(
      (i) => !used.has(i) && !this.#lost.has(i),
    );
    const name = `${attemptName(key)}/${device}`;
    if (slot === undefined || this.#parts.has(name)) return null;
    let phase = "accepted";
    const part: RunningPart = {
      key,
      device,
      slot,
      cancel: new AbortController(),
      done: Promise.resolve(),
      get phase() {
        return phase;
      },
      set phase(next) {
        phase = next;
        if (WITH_COPIES.has(next)) part.copiesSinceS ??= uptime();
      },
      mostCopies: MOST_COPIES,
      generation: 1,
      copiesSinceS: null,
      copies: () => 0,
      intervene: null,
      loseSlot: () => this.#lost.add(slot),
    };
    this.#parts.set(name, part);
    part.done = work(part).finally(() => {
      this.#parts.delete(name);
      this.onChange();
    });
    this.onChange();
    return part;
  }

  /** Cancels the parts of one attempt (or of all attempts of a trial) and waits until they are gone. */
  cancel(match: (part: RunningPart) => boolean, why: string): Promise<number> {
    return this.end(match, new AttemptCancelled(why));
  }

  /** The same for another reason, which the attempt's last record then names. The parts are told before this returns. */
  async end(match: (part: RunningPart) => boolean, reason: AttemptFault | AttemptCancelled): Promise<number> {
    const parts = this.all().filter(match);
    for (const part of parts) part.cancel.abort(reason);
    await Promise.all(parts.map((part) => part.done));
    return parts.length;
  }
}
