import { rmSync } from "node:fs";
import type { Logger } from "@redline/daemon";
import type { NodeLog } from "../journal/node-log.ts";
import { readState, writeState } from "./quarantine-file.ts";
import { quarantinedAgain, reasonsOf, type QuarantineState } from "./quarantine-state.ts";

export interface QuarantineOptions {
  /** `<stateDir>/quarantine.json`. */
  readonly path: string;
  /** The kill file, which a clearing takes away. */
  readonly killPath: string;
  /** What the journal says holds: for the case that the file could not be written. */
  readonly past?: QuarantineState | null;
  /** Wall time, ms; default the process's. */
  readonly now?: () => number;
  readonly log: NodeLog;
  readonly logger: Logger;
}

/**
 * Whether this node takes work. On disk, so that a restart lifts nothing; only `clear` does. Fails closed: a file that cannot be
 * read is a quarantine, and where one cannot be written the journal's record still is.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  #state: QuarantineState | null;
  /** Raised by every reason. */
  #revision = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Told at once of every change, so that the inventory is published. */
  onChange: () => void = () => undefined;
  /** Told before it is lifted: whoever knows a new reason sets it now. */
  onClearing: () => void = () => undefined;
  /** Told in the moment in which the kill file is gone. */
  onCleared: () => void = () => undefined;

  constructor(options: QuarantineOptions) {
    this.#options = options;
    const kept = readState(options.path);
    const past = options.past ?? null;
    // A reason that came later may be in the journal alone.
    this.#state =
      kept === null || past === null
        ? (kept ?? past)
        : quarantinedAgain(kept, past.newest ?? past.why, past.at);
    if (this.#state !== null && past?.killed === true) this.#state = { ...this.#state, killed: true };
  }

  /** Why no work is taken, 300 characters at most: the first reason, and the newest; null: it is taken. */
  why(): string | null {
    return this.#state === null ? null : reasonsOf(this.#state);
  }

  /** It holds, and a person ended everything here since the last clearing. */
  get killed(): boolean {
    return this.#state?.killed === true;
  }

  /** For `clear`: another number whenever another reason came. */
  get revision(): number {
    return this.#revision;
  }

  /** Wall time of the newest reason, ms; null where it is not known, or none holds. */
  get sinceMs(): number | null {
    return this.#state?.at === undefined ? null : Date.parse(this.#state.at);
  }

  /** Holds from the moment of the call; resolves when it is on disk and recorded, as far as that can be. Never rejects. */
  async set(why: string): Promise<void> {
    const { log, logger, path, now = Date.now } = this.#options;
    this.#revision += 1;
    const state = quarantinedAgain(this.#state, why, new Date(now()).toISOString());
    this.#state = state;
    this.onChange();
    const problem = (error: unknown) =>
      logger.error({ err: error, path }, "the quarantine could not be kept on disk; the journal has it");
    this.#writing = this.#writing.then(async () => {
      if (this.#state !== null) await writeState(path, this.#state).catch(problem);
    });
    await Promise.all([
      this.#writing,
      log
        .write({ kind: "quarantined", why: state.newest ?? state.why })
        .catch((error: unknown) => logger.error({ err: error }, "the quarantine could not be recorded")),
    ]);
  }

  /**
   * Lifts it. The kill file goes first.
   * @param asOf `revision` when the look began that this clearing stands on.
   * @throws Error when another reason came since, or one of the two files cannot be removed; the node stays quarantined.
   */
  async clear(who: string, why: string, asOf = this.#revision): Promise<void> {
    await this.#writing;
    this.onClearing();
    if (asOf !== this.#revision && this.#state !== null)
      throw new Error(
        `quarantined again meanwhile: ${this.#state.newest ?? this.#state.why}; look, and clear again`,
      );
    for (const path of [this.#options.killPath, this.#options.path])
      try {
        rmSync(path, { force: true });
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        throw new Error(`${path} cannot be removed (${said}); remove it by hand, then clear again`, {
          cause: error,
        });
      }
    this.#state = null;
    this.onCleared();
    this.onChange();
    await this.#options.log.write({ kind: "cleared", who: who.slice(0, 100), why: why.slice(0, 300) });
  }
}
