import type { Logger } from "@redline/daemon";
import type { Clock } from "./clock.ts";
import type { Leader, LeaderKey } from "./leader-key.ts";

/** How often the leader writes its key, and how long after the last write that counted it may go on, ms. */
const RENEW_MS = 500;
export const STEP_DOWN_MS = 2000;
const CHECK_MS = 100;

/** What a term needs of the key. */
export type TermKey = Pick<LeaderKey, "read" | "write">;

/** This coordinator does not lead any more, or cannot know that it does. */
export class SteppedDownError extends Error {
  override readonly name = "SteppedDownError";
}

/**
 * One term: the key is renewed until the signal aborts. The time runs from before the successful request was sent, on the monotonic
 * clock, which goes on while a process is frozen: when it thaws it knows at once that its time is over. Others wait longer.
 */
export class LeaderTerm {
  readonly #key: TermKey;
  readonly #clock: Clock;
  readonly #log: Logger;
  #leader: Leader;
  #revision: number;
  #renewedMs: number;
  #over = false;
  #renewing: Promise<void> = Promise.resolve();
  #stop: () => void = () => undefined;

  constructor(
    key: TermKey,
    leader: Leader,
    won: { readonly revision: number; readonly sentMs: number },
    clock: Clock,
    log: Logger,
  ) {
    this.#key = key;
    this.#clock = clock;
    this.#log = log;
    this.#leader = leader;
    this.#revision = won.revision;
    this.#renewedMs = won.sentMs;
  }

  get number(): number {
    return this.#leader.term;
  }

  holds(): boolean {
    return !this.#over && this.#clock.monoMs() - this.#renewedMs < STEP_DOWN_MS;
  }

  /** Renews until the signal aborts. @param onLost called once, with why this coordinator must not lead any more. */
  keep(onLost: (error: SteppedDownError) => void, signal: AbortSignal): void {
    const lose = (why: string) => {
      if (this.#over) return;
      this.#over = true;
      stop();
      onLost(new SteppedDownError(why));
    };
    let busy = false;
    const renewing = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#renewing = this.#renew(lose).finally(() => {
        busy = false;
      });
    }, RENEW_MS);
    const checking = setInterval(() => {
      if (!this.#over && !this.holds())
        lose(
          `leadership could not be renewed for ${STEP_DOWN_MS} ms: the bus is away, or this process stood`,
        );
    }, CHECK_MS);
    const stop = () => {
      clearInterval(renewing);
      clearInterval(checking);
    };
    this.#stop = stop;
    signal.addEventListener("abort", stop, { once: true });
  }

  async #renew(lose: (why: string) => void): Promise<void> {
    const sentMs = this.#clock.monoMs();
    const leader = { ...this.#leader, at: this.#clock.now().toISOString() };
    try {
      let revision = await this.#key.write(leader, this.#revision);
      // An earlier write whose answer was lost is ours all the same.
      if (revision === null) {
        const there = await this.#key.read();
        if (there.leader?.start !== leader.start) {
          lose(`${there.leader?.name ?? "another coordinator"} leads now`);
          return;
        }
        this.#revision = there.revision;
        revision = await this.#key.write(leader, there.revision);
      }
      if (revision === null) return;
      this.#revision = revision;
      this.#renewedMs = sentMs;
    } catch (error) {
      this.#log.warn({ err: error }, "leadership could not be renewed; trying again");
    }
  }

  /** Leaves the place to the other one, at the end of this process. Never rejects. */
  async free(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
    await this.#renewing;
    try {
      await this.#key.write({ ...this.#leader, free: true }, this.#revision);
    } catch (error) {
      this.#log.warn({ err: error }, "the place of the leader could not be given up; it runs out");
    }
  }
}
