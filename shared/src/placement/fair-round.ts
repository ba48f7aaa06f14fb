import type { WaitingQueue, WaitingTrial } from "./demand.ts";

/** A queue during one look, and how far it was looked through. */
interface Line {
  readonly queue: WaitingQueue;
  at: number;
  open: boolean;
}
interface StudyLines {
  readonly lines: readonly Line[];
  active: number;
}

/** A trial whose turn it is. */
export interface Turn {
  readonly queue: WaitingQueue;
  readonly trial: WaitingTrial;
}
/** `placed`: holds seats now. `passed`: this trial finds none. `full`: no trial of the queue does. */
export type TurnEnd = "placed" | "passed" | "full";

/**
 * Goes round the studies, the one with the fewest attempts that run first, the earlier one among equals, and inside of a study by the
 * trials' order. A study that finds no seat gives its turn to the next, and stays first until it has one. Ends when nobody finds any.
 */
export class FairRound {
  readonly #studies: readonly StudyLines[];
  #over: string | null = null;
  #turn: { readonly study: StudyLines; readonly line: Line } | null = null;

  /** @param queues of one priority */
  constructor(queues: readonly WaitingQueue[]) {
    const studies = new Map<string, Line[]>();
    for (const queue of queues) {
      const line = { queue, at: 0, open: true };
      const lines = studies.get(queue.study);
      if (lines === undefined) studies.set(queue.study, [line]);
      else lines.push(line);
    }
    this.#studies = [...studies.values()].map((lines) => ({ lines, active: lines[0]?.queue.active ?? 0 }));
  }

  /** A turn out of order, for the trial of a claim: null where it does not wait here. */
  claimed(trial: string): Turn | null {
    for (const { lines } of this.#studies)
      for (const { queue } of lines) {
        const found = queue.waiting.find((one) => one.trial === trial);
        if (found !== undefined) return { queue, trial: found };
      }
    return null;
  }

  /** It got its seats, and has no other turn. */
  claimedPlaced({ queue, trial }: Turn): void {
    this.#over = trial.trial;
    const study = this.#studies.find(({ lines }) => lines.some((line) => line.queue === queue));
    if (study !== undefined) study.active += 1;
  }

  /** Whose turn it is; null when the round is over. */
  next(): Turn | null {
    let study: StudyLines | null = null;
    let line: Line | null = null;
    for (const one of this.#studies) {
      if (study !== null && one.active >= study.active) continue;
      const first = this.#firstLine(one);
      if (first !== null) [study, line] = [one, first];
    }
    const trial = line?.queue.waiting[line.at];
    if (study === null || line === null || trial === undefined) return null;
    this.#turn = { study, line };
    return { queue: line.queue, trial };
  }

  /** How the turn that `next` gave ended. */
  end(how: TurnEnd): void {
    if (this.#turn === null) return;
    const { study, line } = this.#turn;
    this.#turn = null;
    if (how === "full") line.open = false;
    else line.at += 1;
    if (how === "placed") study.active += 1;
  }

  #firstLine({ lines }: StudyLines): Line | null {
    let found: Line | null = null;
    let least = Infinity;
    for (const line of lines) {
      if (!line.open) continue;
      let trial = line.queue.waiting[line.at];
      if (trial !== undefined && trial.trial === this.#over) trial = line.queue.waiting[(line.at += 1)];
      if (trial === undefined || trial.order >= least) continue;
      [found, least] = [line, trial.order];
    }
    return found;
  }
}
