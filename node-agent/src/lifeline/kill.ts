import { performance } from "node:perf_hooks";
import type { Logger } from "@redline/daemon";
import type { EmptiedBy } from "@redline/shared";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { endAll, recordEmptied, type EndParts } from "./end-all.ts";
import { KillFile } from "./kill-file.ts";
import type { Quarantine } from "./quarantine.ts";

export interface KillSwitchOptions extends EndParts {
  readonly quarantine: Quarantine;
  readonly logger: Logger;
  /** `<stateDir>/kill`: that it is there is the order, its first 300 bytes are the reason. */
  readonly path: string;
}

export type KillBy = Extract<EmptiedBy, "kill-subject" | "kill-file" | "kill-signal">;

export interface Killed {
  readonly cells: number;
  readonly tookMs: number;
}

/** Signal that ends everything of this node. SIGUSR1 is taken: it opens Node's debugger. */
export const KILL_SIGNAL = "SIGUSR2";

/**
 * Ends everything of this node for good, without the coordinator, and from file and signal without NATS too. Nothing starts
 * before a person clears the node.
 */
export class KillSwitch {
  readonly #options: KillSwitchOptions;
  readonly #nowMs: () => number;
  readonly #file: KillFile;

  constructor(options: KillSwitchOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#file = new KillFile(options.path);
    options.quarantine.onCleared = () => this.#file.forget();
  }

  /** For the daemon's start, before it takes work: a kill file that is there already quarantines the node. */
  async atStart(): Promise<void> {
    const { quarantine, path } = this.#options;
    try {
      if (this.#file.appeared() !== null) await quarantine.set(`kill-file: ${this.#fileDetail()}`);
    } catch (error) {
      // Not to know is to stay out of work.
      const said = error instanceof Error ? error.message : String(error);
      await quarantine.set(`${path} cannot be looked for (${said}); mend it, then clear the node`);
    }
  }

  /** Listens for the file and the signal until `signal` aborts. */
  start(signal: AbortSignal): void {
    const { logger, quarantine } = this.#options;
    const onFile = (ageMs: number) =>
      void this.kill("kill-file", () => this.#fileDetail(), this.#nowMs() - ageMs);
    // A clearing takes the file away: one that nobody saw yet is an order, and keeps it from clearing.
    quarantine.onClearing = () => {
      const ageMs = this.#file.appeared();
      if (ageMs !== null) onFile(ageMs);
    };
    const onSignal = () => void this.kill("kill-signal", () => `${KILL_SIGNAL} was sent to the daemon`);
    process.on(KILL_SIGNAL, onSignal);
    signal.addEventListener("abort", () => process.off(KILL_SIGNAL, onSignal), { once: true });
    this.#file.watch(signal, onFile, (error) =>
      logger.warn({ err: error, path: this.#options.path }, "the kill file cannot be looked for"),
    );
  }

  /**
   * Ends everything at once, then quarantines and records. Never rejects.
   * @param detail called once the kills are sent, and again for the record: a reason may be written after its file was made.
   * @param sinceMs when the order was given, on this object's clock.
   */
  async kill(by: KillBy, detail: () => string, sinceMs = this.#nowMs()): Promise<Killed> {
    const { quarantine, log, logger, registry } = this.#options;
    const reason = new AttemptFault("node-killed", `everything on this node was ended: ${by}`);
    const ending = endAll(this.#options, sinceMs, reason);
    // In the same turn of the loop: no order that comes meanwhile is taken.
    const held = quarantine.set(`${by}: ${detail()}`);
    const { cells, parts, tookMs } = await ending;
    const text = detail();
    logger.error(
      { by, why: text, cells, parts, tookMs },
      "killed: nothing runs here until the node is cleared",
    );
    await Promise.all([
      recordEmptied(log, by, { cells, tookMs }, text).catch((error: unknown) =>
        logger.error({ err: error }, "a kill could not be recorded"),
      ),
      held,
      registry.end(() => true, reason),
    ]);
    return { cells, tookMs };
  }

  #fileDetail(): string {
    const said = this.#file.reason();
    return `the kill file is there${said === "" ? "" : `: ${said}`}`.slice(0, 300);
  }
}
