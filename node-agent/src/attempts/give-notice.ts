import type { Notice, OversightRecordBody } from "@redline/shared";

/** How each kind of notice gets to the agent. Each rejects where it did not. */
export type NoticeRoads = Readonly<Record<Notice["by"], (text: string) => Promise<void>>>;

export interface NoticeOptions {
  readonly notice: Notice;
  readonly roads: NoticeRoads;
  readonly record: (body: OversightRecordBody) => Promise<unknown>;
  /** Agent time so far, ms. */
  readonly agentMs: () => number;
}

/**
 * Puts the scenario's notice of a coming stop to the agent, once. It is a part of the scenario alone: the stop comes whether it got
 * there or not, and by another road.
 */
export class NoticeGiver {
  readonly #options: NoticeOptions;
  #giving: Promise<void> | null = null;
  #stopDueMs: number | null = null;

  constructor(options: NoticeOptions) {
    this.#options = options;
  }

  /** When the run is to end, by `agentMs`; null while the notice was not given. */
  get stopDueMs(): number | null {
    return this.#stopDueMs;
  }

  /** Resolves when the notice is there, if it is due after so many answers of the brain. Rejects only with the journal. */
  after(answers: number): Promise<void> {
    if (answers < this.#options.notice.afterTurns) return Promise.resolve();
    this.#giving ??= this.#give();
    return this.#giving;
  }

  async #give(): Promise<void> {
    const { notice, roads, record, agentMs } = this.#options;
    const { by, afterTurns, graceS, text } = notice;
    const failed = await roads[by](text).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    await record({
      ...{ kind: "noticed", by, afterTurns, graceS },
      ...(failed === null ? {} : { failed: failed.slice(0, 300) }),
    });
    this.#stopDueMs = agentMs() + graceS * 1000;
  }
}
