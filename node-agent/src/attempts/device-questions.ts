import type { CopyRef, ListenerRow, Moment, Probe } from "@redline/shared";
import type { Cell } from "../cell/cell.ts";
import type { Wanted } from "../observe/probe/probe-plan.ts";
import type { CellEyes } from "./cell-eyes.ts";
import type { WatchRecord } from "./watch-record.ts";

/** Most listeners that are asked; an agent that opens more cannot make the daemon ask for ever. */
const MAX_ASKED = 24;

/** Of these listeners those that are asked. */
export const asked = (listeners: readonly ListenerRow[]): readonly ListenerRow[] =>
  listeners.slice(0, MAX_ASKED);

/**
 * Puts questions to the listeners of one cell and records what came back. A prober that fails is a test that did not run: the
 * verdict must say so, and not count it against the copy.
 */
export class DeviceQuestions {
  readonly #cell: Cell;
  readonly #eyes: CellEyes;
  readonly #record: WatchRecord;

  constructor(cell: Cell, eyes: CellEyes, record: WatchRecord) {
    this.#cell = cell;
    this.#eyes = eyes;
    this.#record = record;
  }

  /** @returns whether every question got an HTTP answer. */
  async ask(
    moment: Moment,
    listeners: readonly ListenerRow[],
    signal: AbortSignal,
    { wanted, copy }: { readonly wanted?: readonly Wanted[]; readonly copy?: CopyRef | undefined } = {},
  ): Promise<boolean> {
    let probes: Probe[];
    try {
      probes = await this.#eyes.probe(this.#cell, listeners, signal, wanted);
    } catch (error) {
      signal.throwIfAborted();
      const why = `${moment}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
      await this.#record.untested(CLAIM_OF[moment], why);
      return false;
    }
    await this.#record.probes(moment, probes, copy);
    return probes.every(({ status }) => status !== 0);
  }

  /** Asks possible copies what such a copy answers, and nothing else. @returns whether all of them answered. */
  askCopies(
    moment: Moment,
    listeners: readonly ListenerRow[],
    copies: readonly CopyRef[],
    signal: AbortSignal,
    copy?: CopyRef,
  ): Promise<boolean> {
    const wanted = copies.flatMap(({ model, agent }) => [
      { port: model, kind: "completion" as const },
      { port: agent, kind: "chat" as const },
    ]);
    const those = listeners.filter((l) => wanted.some(({ port }) => port === l.port));
    return those.length === 0 ? Promise.resolve(false) : this.ask(moment, those, signal, { wanted, copy });
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
