import { join } from "node:path";
import type { ControlAnswer, NodeId, RunOrder, SelfTest } from "@redline/shared";
import type { Logger } from "@redline/daemon";
import type { PartSterility, SterilityParts } from "./attempts/part-sterility.ts";
import type { Registry } from "./attempts/registry.ts";
import { Census } from "./census/census.ts";
import { runEscapeSuite } from "./escape/run-escape-suite.ts";
import { suiteSterility } from "./escape/suite-sterility.ts";
import { NodeFitness, type DatedSelfTest, type Refusal } from "./fitness/node-fitness.ts";
import type { NodeLog } from "./journal/node-log.ts";
import { attemptOfCell } from "./lifeline/attempt-cells.ts";
import { KillSwitch } from "./lifeline/kill.ts";
import { LifeLine } from "./lifeline/life-line.ts";
import { Quarantine } from "./lifeline/quarantine.ts";
import type { QuarantineState } from "./lifeline/quarantine-state.ts";
import { StopOrders } from "./lifeline/stop-orders.ts";
import type { HostFacts } from "./observe/host-facts.ts";
import type { Settings } from "./settings.ts";
import type { CellBook } from "./sterility/cell-book.ts";
import { lookBeforeClear, namesOf } from "./sterility/clear-look.ts";
import { FailedLooks } from "./sterility/failed-looks.ts";
import { SecondLooks } from "./sterility/second-looks.ts";
import type { Sterility } from "./sterility/sterility.ts";

export interface SafetyOptions {
  readonly settings: Settings;
  readonly node: NodeId;
  readonly bootId: string;
  /** The newest self-test in this node's journal. */
  readonly lastSelfTest: DatedSelfTest | null;
  /** What that journal says holds. */
  readonly lastQuarantine: QuarantineState | null;
  readonly driver: CellBook;
  readonly registry: Registry;
  readonly sterility: Sterility;
  readonly host: HostFacts;
  readonly nsenter: string;
  readonly cellsDir: string;
  readonly log: NodeLog;
  readonly logger: Logger;
  /** Told when what the node may take has changed. */
  readonly onChange: () => void;
}

/** Slots of the escape suite's two cells: above those of attempts, which count from 0, and the calibration's. */
const SUITE_SLOTS = [201, 202] as const;

/** All that keeps this node contained, whatever its attempts do. */
export class Safety {
  readonly kills: KillSwitch;
  readonly lifeLine: LifeLine;
  readonly stops: StopOrders;
  readonly census: Census;
  readonly fitness: NodeFitness;
  readonly quarantine: Quarantine;
  /** For the parts of attempts. */
  readonly sterilityParts: SterilityParts;
  readonly secondLooks: SecondLooks<PartSterility>;
  readonly failedLooks = new FailedLooks<PartSterility>();
  readonly #options: SafetyOptions;
  readonly #ending = new AbortController();
  #counting: Promise<void> = Promise.resolve();
  /** A person ordered the self-test that runs: it may find out what a quarantine is for. */
  #selfTestOrdered = false;

  constructor(options: SafetyOptions) {
    const { settings, driver, registry, sterility, log, logger, host } = options;
    this.#options = options;
    const stateDir = settings.REDLINE_STATE_DIR;
    const killPath = settings.REDLINE_KILL_FILE ?? join(stateDir, "kill");
    const onEnd = (reason: Error) => this.fitness.abort(reason);
    const ending = { driver, registry, log, logger, onEnd };
    const path = join(stateDir, "quarantine.json");
    this.quarantine = new Quarantine({ path, killPath, past: options.lastQuarantine, log, logger });
    this.quarantine.onChange = () => {
      if (!this.#maySelfTest()) this.fitness.abort(new Error("the node is quarantined"));
      options.onChange();
    };
    driver.refuses = (cell) => (isSuiteCell(cell) && this.#maySelfTest() ? null : this.quarantine.why());
    this.kills = new KillSwitch({ ...ending, quarantine: this.quarantine, path: killPath });
    this.lifeLine = new LifeLine({ ...ending, limitMs: settings.REDLINE_PULSE_LIMIT_MS });
    this.stops = new StopOrders(ending);
    this.census = new Census({ ...ending, host });
    this.fitness = new NodeFitness({
      bootId: options.bootId,
      last: options.lastSelfTest,
      quarantined: () => this.quarantine.why(),
      suite: (signal) => this.#suite(signal),
      ...{ log, logger, now: () => new Date(), onChange: options.onChange },
    });
    this.secondLooks = new SecondLooks<PartSterility>({
      delayMs: settings.REDLINE_STERILE_AGAIN_MS,
      prove: (part) => part.again(),
      onResult: (part, proof) => part.finish(proof),
      onError: (_, error) => logger.error({ err: error }, "a second look could not be recorded"),
    });
    const quarantine = (why: string) => this.quarantine.set(why);
    const { secondLooks, failedLooks } = this;
    this.sterilityParts = { sterility, secondLooks, failedLooks, book: driver, quarantine, log, logger };
  }

  /** Before the daemon takes work. What a predecessor left, and a kill file, quarantine the node. */
  async start(): Promise<void> {
    await this.kills.atStart();
    this.kills.start(this.#ending.signal);
    this.lifeLine.start(this.#ending.signal);
    this.#counting = this.census.run(this.#ending.signal);
    // A walk over all disks takes up to a minute: work need not wait for it.
    if (await this.#lookAtStart(false)) void this.#lookAtStart(true);
    const { settings } = this.#options;
    if (settings.REDLINE_SELF_TEST === "at-start" && this.fitness.selfTest === null && this.#maySelfTest())
      this.#selfTest(false);
  }

  /** Once nothing runs here any more: looks once more after what ended last, and stops watching. */
  async end(): Promise<void> {
    this.fitness.abort(new Error("the node daemon ends"));
    // What its cases wait for ends with its cells.
    const suite = this.#options.driver.cells().filter(({ id }) => isSuiteCell(id));
    await Promise.all(suite.map((cell) => cell.empty()));
    await this.secondLooks.drain();
    this.#ending.abort();
    await Promise.all([this.#counting, this.lifeLine.idle(), this.fitness.idle()]);
  }

  /** Null where the order may be taken here. */
  refuse(order: Pick<RunOrder, "brain">): Refusal | null {
    return this.fitness.refuse(order);
  }

  onSelfTest(reason: string): Promise<ControlAnswer> {
    if (this.fitness.running) return Promise.resolve(answer(true, "a self-test is under way"));
    if (this.quarantine.killed)
      return Promise.resolve(
        answer(false, `everything on this node was ended; clear it first: ${this.quarantine.why() ?? ""}`),
      );
    this.#options.logger.info({ reason }, "self-test ordered");
    this.#selfTest(true);
    return Promise.resolve(answer(true, ""));
  }

  /** A person has looked; so does the daemon, and what it finds keeps the quarantine unless it is forced. */
  async onClear(
    order: { who: string; reason: string; force: boolean },
    issuedAt: string,
  ): Promise<ControlAnswer> {
    const { driver, sterility, registry } = this.#options;
    const why = this.quarantine.why();
    if (why === null) return answer(true, "the node was not quarantined");
    const asOf = this.quarantine.revision;
    // Whoever ordered it cannot have known of a reason that came later; nor can one who repeats an old order.
    if (Date.parse(issuedAt) < (this.quarantine.sinceMs ?? 0))
      return answer(false, `quarantined again since this was ordered: ${why}; look, and clear again`);
    const { found, unlooked, parts } = await lookBeforeClear(sterility, this.failedLooks, () =>
      driver.others(() => false),
    );
    if (found !== "" && !order.force)
      return answer(false, `still there: ${found.slice(0, 400)}; remove it, or clear with --force`);
    try {
      await this.quarantine.clear(
        order.who,
        `${order.reason}${found === "" ? "" : ` (forced: ${found})`}`.slice(0, 300),
        asOf,
      );
    } catch (error) {
      return answer(
        false,
        error instanceof Error ? error.message.slice(0, 500) : String(error).slice(0, 500),
      );
    }
    this.failedLooks.forgive(parts);
    const { lost } = registry;
    const said = [
      ...(lost === 0 ? [] : [`${lost} slots stay out of use until the daemon is started anew`]),
      ...(unlooked === "" ? [] : [`could not be looked at: ${unlooked}`]),
    ];
    return answer(
      true,
      said.length === 0 ? "" : ["the quarantine is lifted", ...said].join("; ").slice(0, 500),
    );
  }

  /** True when nothing was found. */
  async #lookAtStart(walk: boolean): Promise<boolean> {
    const { driver, sterility, logger } = this.#options;
    const proof = await sterility.proveStart(() => driver.others(() => false), walk);
    if (proof.clean) return true;
    const left = proof.checks.filter(({ clean }) => clean === false);
    logger.error({ left }, "a predecessor left something on this node");
    await this.quarantine.set(`found at the daemon's start: ${namesOf(proof).join("; ")}`.slice(0, 300));
    return false;
  }

  /** Cells of its own are the suite's while nothing is quarantined, or for a person who looks why; never after a kill. */
  #maySelfTest(): boolean {
    return this.quarantine.why() === null || (this.#selfTestOrdered && !this.quarantine.killed);
  }

  #selfTest(ordered: boolean): void {
    const { logger } = this.#options;
    this.#selfTestOrdered = ordered;
    void this.fitness
      .runSelfTest(this.#ending.signal)
      .catch((error: unknown) => logger.error({ err: error }, "the self-test could not be recorded"))
      .finally(() => {
        this.#selfTestOrdered = false;
      });
  }

  #suite(signal: AbortSignal): Promise<SelfTest> {
    const { driver, nsenter, cellsDir, settings, sterility } = this.#options;
    const [url] = settings.REDLINE_NATS_URLS;
    const nats = url === undefined ? null : addressOf(url);
    return runEscapeSuite({
      driver,
      slots: SUITE_SLOTS,
      nsenter,
      stateDir: cellsDir,
      addresses: {
        host: settings.REDLINE_ADVERTISE,
        ...settings.REDLINE_SELF_TEST_ADDRESSES,
        ...(nats === null ? {} : { nats }),
      },
      sterility: suiteSterility(sterility, () => driver.others((id) => id.startsWith("escape-"))),
      now: () => new Date(),
      signal,
    });
  }
}

/** As against those of attempts, whose trial may have any name. */
const isSuiteCell = (id: string) => id.startsWith("escape-") && attemptOfCell(id) === null;

const answer = (done: boolean, why: string): ControlAnswer => ({ v: 1, running: 0, done, why });

function addressOf(url: string): { host: string; port: number } | null {
  const text = url.includes("://") ? url : `nats://${url}`;
  if (!URL.canParse(text)) return null;
  const { hostname, port } = new URL(text);
  return { host: hostname, port: port === "" ? 4222 : Number(port) };
}
