import type { Fault, Inventory, NodeRecordBody, RunOrder, SelfTest } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { NodeLog } from "../journal/node-log.ts";

/** A finished run of the escape suite, with its time. */
export interface DatedSelfTest {
  readonly at: string;
  readonly report: SelfTest;
}

export interface NodeFitnessOptions {
  readonly bootId: string;
  /** What the journal last said of this node; of another boot it counts for nothing. */
  readonly last: DatedSelfTest | null;
  /** Why the node takes no work at all, or null. */
  readonly quarantined: () => string | null;
  readonly suite: (signal: AbortSignal) => Promise<SelfTest>;
  readonly log: NodeLog;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Told when what the node may take has changed. */
  readonly onChange: () => void;
}

/** Why this node does not take an order. */
export interface Refusal {
  readonly fault: Fault;
  readonly why: string;
}

/**
 * Whether this node may take an order: none in quarantine, and a real model only where the escape suite has passed on this boot.
 */
export class NodeFitness {
  readonly #options: NodeFitnessOptions;
  #last: DatedSelfTest | null;
  #running: { readonly result: Promise<SelfTest | null>; readonly control: AbortController } | null = null;

  constructor(options: NodeFitnessOptions) {
    this.#options = options;
    this.#last = options.last?.report.bootId === options.bootId ? options.last : null;
  }

  /** Null where the order may be taken. */
  refuse({ brain }: Pick<RunOrder, "brain">): Refusal | null {
    const why = this.#options.quarantined();
    if (why !== null) return { fault: "node-quarantined", why };
    if (brain.provider === "scripted" || this.green) return null;
    const state = this.#last === null ? "has not run on this boot" : "is red";
    return {
      fault: "node-unfit",
      why: `the containment self-test ${state}, so this node takes no real model; run: redline node selftest ${this.#options.log.node}`,
    };
  }

  /** The newest self-test of this boot passed. */
  get green(): boolean {
    return this.#last?.report.green === true;
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** For the inventory. */
  get selfTest(): Inventory["selfTest"] {
    if (this.#last === null) return null;
    const { at, report } = this.#last;
    const count = (outcome: SelfTest["cases"][number]["outcome"]) =>
      report.cases.filter((one) => one.outcome === outcome);
    return {
      at,
      green: report.green,
      stopped: count("stopped").length,
      detected: count("detected").length,
      notTested: count("not-tested").length,
      escaped: count("escaped").map(({ id }) => id),
    };
  }

  /**
   * Runs the suite and records its report; one at a time, a second call waits for the first. Null where it was given up: that
   * says nothing of the node, and is not recorded.
   */
  runSelfTest(signal: AbortSignal): Promise<SelfTest | null> {
    if (this.#running !== null) return this.#running.result;
    const control = new AbortController();
    const result = this.#run(AbortSignal.any([signal, control.signal])).finally(() => {
      this.#running = null;
      this.#options.onChange();
    });
    this.#running = { result, control };
    return result;
  }

  /** Gives up the suite that runs: it builds no cell from here on. */
  abort(reason: Error): void {
    this.#running?.control.abort(reason);
  }

  /** Resolves when no suite runs: its cells are gone. */
  async idle(): Promise<void> {
    await this.#running?.result.catch(() => undefined);
  }

  async #run(signal: AbortSignal): Promise<SelfTest | null> {
    const { suite, log, logger, now, bootId } = this.#options;
    let report: SelfTest;
    try {
      report = await suite(signal);
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error }, "the self-test could not run");
      const detail = error instanceof Error ? error.message.slice(0, 300) : String(error).slice(0, 300);
      const failed = { id: "suite", outcome: "escaped" as const, by: "the suite could not run", detail };
      report = { bootId, driver: "", green: false, cases: [failed], tookMs: 0 };
    }
    if (signal.aborted) {
      logger.info({ why: String(signal.reason) }, "the self-test was given up; it counts for nothing");
      return null;
    }
    const body: NodeRecordBody = { kind: "self-test", report };
    await log.write(body);
    this.#last = { at: now().toISOString(), report };
    logger.info({ green: report.green, cases: report.cases.length }, "self-test is over");
    return report;
  }
}
