import { performance } from "node:perf_hooks";
import type { Logger } from "@redline/daemon";
import { AttemptCancelled } from "../attempts/attempt-fault.ts";
import { endAll, recordEmptied, type EndParts } from "./end-all.ts";

/** The coordinator's order to end everything. It comes on the fast path and on the queue, and both may be under way at once. */
export class StopOrders {
  readonly #parts: EndParts & { readonly logger: Logger };
  #underWay = 0;

  constructor(parts: EndParts & { readonly logger: Logger }) {
    this.#parts = parts;
  }

  /** Ends every cell and every part; resolves with the number of parts that it ended when all are gone. Safe to repeat. */
  async stop(reason: string): Promise<number> {
    const { nowMs = () => performance.now(), log, logger } = this.#parts;
    const first = this.#underWay === 0;
    this.#underWay += 1;
    try {
      const ended = await endAll(this.#parts, nowMs(), new AttemptCancelled(reason));
      // The same order by its other road, or nothing to end, is no record.
      if (ended.parts > 0 || (first && ended.cells > 0))
        await recordEmptied(log, "stop", ended, reason).catch((error: unknown) =>
          logger.error({ err: error }, "a stop could not be recorded"),
        );
      await ended.done;
      return ended.parts;
    } finally {
      this.#underWay -= 1;
    }
  }
}
