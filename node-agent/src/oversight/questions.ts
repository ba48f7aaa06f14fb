/** For people and records. */
export const HELD_USED_UP = "the time in which people may hold this attempt is used up";

/** What a person, or the end of the time for it, said to a question. */
export interface Decision {
  readonly allow: boolean;
  readonly who: string;
  readonly why: string;
}
/** `recorded` is called once the decision is on the journal. */
export type Decided = Decision & { readonly recorded: () => void };

/** Answers a question that was taken; resolves when the decision is recorded, with false where the attempt ended before it could be. */
export type Answering = (decision: Decision) => Promise<boolean>;

/** Questions of an approval policy that wait for a person. Each is answered once: by a person, or with deny when its time is over. */
export class Questions {
  readonly #waiting = new Map<string, () => Answering>();
  readonly #askMs: number;

  constructor(askMs: number) {
    this.#askMs = askMs;
  }

  /**
   * Resolves with what was decided. Rejects with the signal's reason when it aborts first.
   * @param leftMs of the time that people may hold the attempt: a question waits no longer.
   */
  open(id: string, signal: AbortSignal, leftMs = Infinity): Promise<Decided> {
    const used = leftMs < this.#askMs;
    const waitMs = Math.max(0, Math.min(this.#askMs, leftMs));
    const decided = new Promise<Decided>((resolve, reject) => {
      let over = false;
      const end = () => {
        over = true;
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(id);
      };
      const onAbort = () => {
        end();
        reject(signal.reason instanceof Error ? signal.reason : new Error("the attempt ended"));
      };
      const timer = setTimeout(() => {
        end();
        const why = used
          ? `nobody answered, and ${HELD_USED_UP}`
          : `nobody answered within ${this.#askMs / 1000} s`;
        resolve({ allow: false, who: "nobody", why, recorded: () => undefined });
      }, waitMs);
      const take = (): Answering => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        return (decision) =>
          new Promise((tell) => {
            if (over) {
              tell(false);
              return;
            }
            end();
            resolve({ ...decision, recorded: () => tell(true) });
          });
      };
      this.#waiting.set(id, take);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    // It may reject before anybody listens.
    decided.catch(() => undefined);
    return decided;
  }

  /** The right to answer a question, given to one alone, from whom its time runs no longer; null where none of that id waits. */
  take(id: string): Answering | null {
    return this.#waiting.get(id)?.() ?? null;
  }
}
