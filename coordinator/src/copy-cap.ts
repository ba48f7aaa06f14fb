import { isFinal, type AttemptView, type Inventory, type Projection, type TrialView } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { AttemptOrders } from "./attempt-orders.ts";
import type { Clock } from "./clock.ts";
import type { JournalStore } from "./journal-store.ts";
import type { Turns } from "./turns.ts";

export interface CopyCapPorts {
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly turns: Turns;
  readonly orders: Pick<AttemptOrders, "cancel">;
  /** Inventories of nodes heard of just now. */
  readonly live: () => readonly Inventory[];
  /** Most live copies of the whole lab. */
  readonly most: number;
  readonly clock: Pick<Clock, "monoMs">;
  readonly log: Logger;
}

/** Time for what was ended to be gone from the nodes' inventories before more is ended, ms. */
const SETTLE_MS = 15_000;

/**
 * The cap on live copies of the whole lab. Each node holds the caps of its own attempts; this one is for many attempts that are each
 * within theirs. Over it, the newest attempts are ended until the rest is within, which is a breach.
 */
export class CopyCap {
  readonly #ports: CopyCapPorts;
  #over = false;
  #actedMs = -Infinity;

  constructor(ports: CopyCapPorts) {
    this.#ports = ports;
  }

  /** Called again and again. @throws when the journal cannot be written. */
  async sweep(): Promise<void> {
    const { live, most, clock, turns } = this.#ports;
    const copies = live().reduce((sum, node) => sum + node.liveCopies, 0);
    if (copies <= most) {
      this.#over = false;
      return;
    }
    if (this.#over && clock.monoMs() - this.#actedMs < SETTLE_MS) return;
    const first = !this.#over;
    this.#over = true;
    this.#actedMs = clock.monoMs();
    await turns.take(() => this.#end(copies, first));
  }

  async #end(copies: number, first: boolean): Promise<void> {
    const { store, orders, most, log } = this.#ports;
    const chosen = newestOver(store.state, copies - most);
    // Copies that belong to no attempt are the nodes' own to find and to end; they are told once.
    if (chosen.length === 0 && !first) return;
    const names = chosen.map(({ trial, attempt }) => `${trial.trial}.${attempt.attempt}`);
    const detail =
      `${copies} live copies in the lab, the cap is ${most}; ended: ${names.join(", ") || "nothing, no attempt is under way"}`.slice(
        0,
        500,
      );
    log.error({ copies, cap: most, ended: names }, "live copies over the cap of the lab");
    const why = `ended for the cap of the lab: ${copies} live copies, at most ${most}`;
    // The orders do not wait for the disk: what is over the cap must not live on while it is slow.
    for (const { trial, attempt } of chosen) orders.cancel(trial, attempt, why);
    await Promise.all([
      store.commit({ kind: "lab-breach", breach: "over-cap", detail }),
      ...chosen.map(({ trial }) => store.commit({ kind: "cancelled", trial: trial.trial, why })),
    ]);
  }
}

/** The attempts placed last whose copies, by the nodes' census, make up for what is too much; one without a census counts as one. */
function newestOver(
  state: Projection,
  excess: number,
): { readonly trial: TrialView; readonly attempt: AttemptView }[] {
  const under = [...state.underWay.values()]
    .flatMap((trial) => {
      const attempt = trial.attempts.at(-1);
      return attempt?.endedAt === null && !isFinal(trial.state) ? [{ trial, attempt }] : [];
    })
    .toSorted(
      (a, b) =>
        Date.parse(b.attempt.placedAt) - Date.parse(a.attempt.placedAt) ||
        b.trial.trial.localeCompare(a.trial.trial),
    );
  let left = excess;
  return under.filter(({ attempt }) => {
    if (left <= 0) return false;
    left -= Math.max(
      1,
      attempt.census.reduce((sum, { copies }) => sum + copies, 0),
    );
    return true;
  });
}
