/** A leader writes its key several times within this; one that did not is no process that runs, ms. */
const QUIET_MS = 1000;
/** One write of the process before may still have been under way. */
const MOVES = 2;

/**
 * Tells the key that this coordinator's own process before it left from that of another coordinator which has the same name: the
 * latter is written again and again.
 */
export class OwnNameWatch {
  #revision = -1;
  #sinceMs = 0;
  #moves = 0;

  /** @param revision of a key with the own name that this start of it did not write; null: it is another's, free, or unknown. */
  look(revision: number | null, nowMs: number): "watch" | "left" | "in use" {
    if (revision === null) {
      this.#revision = -1;
      this.#moves = 0;
      return "watch";
    }
    if (revision !== this.#revision) {
      this.#moves = this.#revision !== -1 && revision > this.#revision ? this.#moves + 1 : 0;
      this.#revision = revision;
      this.#sinceMs = nowMs;
    }
    if (this.#moves >= MOVES) return "in use";
    return nowMs - this.#sinceMs >= QUIET_MS ? "left" : "watch";
  }
}
