import type { DatedSelfTest } from "../fitness/node-fitness.ts";
import { quarantinedAgain, type QuarantineState } from "../lifeline/quarantine-state.ts";
import { AttemptHeads, lineHash, nodeRecordSchema, type AttemptKey, type Device } from "@redline/shared";

/** What a restarted daemon must know of its predecessor. */
export interface Past {
  /** Parts of attempts that were accepted and never closed: they died with the predecessor. */
  readonly unfinished: readonly { readonly key: AttemptKey; readonly device: Device }[];
  /** `<trial>.<attempt>` of everything ever accepted: it must not be started twice. */
  readonly accepted: ReadonlySet<string>;
  /** Highest coordinator term seen. */
  readonly epoch: number;
  /** The newest run of the escape suite, of whatever boot. */
  readonly selfTest: DatedSelfTest | null;
  /** Quarantined, and not cleared since. */
  readonly quarantine: QuarantineState | null;
  /** Where each attempt's own chain ends. */
  readonly heads: AttemptHeads;
}

export const attemptName = (key: Pick<AttemptKey, "trial" | "attempt">) => `${key.trial}.${key.attempt}`;

/** Reads the past out of the node's own journal, line by line. */
export class PastReader {
  readonly #open = new Map<string, { key: AttemptKey; device: Device }>();
  readonly #accepted = new Set<string>();
  readonly #heads = new AttemptHeads();
  #epoch = 1;
  #selfTest: DatedSelfTest | null = null;
  #quarantine: QuarantineState | null = null;

  take(line: string): void {
    // The chain was verified; a record of another version is no reason not to start.
    const parsed = nodeRecordSchema.safeParse(JSON.parse(line));
    if (!parsed.success) return;
    const { key, body, at } = parsed.data;
    if (body.kind === "self-test") this.#selfTest = { at, report: body.report };
    if (body.kind === "quarantined") this.#quarantine = quarantinedAgain(this.#quarantine, body.why, at);
    if (body.kind === "cleared") this.#quarantine = null;
    if (key === undefined) return;
    this.#epoch = Math.max(this.#epoch, key.epoch);
    this.#heads.moved(key, lineHash(line));
    if (body.kind === "accepted") {
      this.#accepted.add(attemptName(key));
      this.#open.set(`${attemptName(key)}/${body.device}`, { key, device: body.device });
    }
    if (body.kind === "device-closed" || body.kind === "lost")
      this.#open.delete(`${attemptName(key)}/${body.device}`);
  }

  past(): Past {
    return {
      unfinished: [...this.#open.values()],
      accepted: this.#accepted,
      epoch: this.#epoch,
      selfTest: this.#selfTest,
      quarantine: this.#quarantine,
      heads: this.#heads,
    };
  }
}
