import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { nodeIdSchema, subjects, type Inventory, type NodeId } from "@redline/shared";
import { StreamPublisher, connectNats, createLogger, openJournal, type Logger } from "@redline/daemon";
import { Registry } from "../../../node-agent/dist/attempts/registry.js";
import type { RunStarter } from "../../../node-agent/dist/dispatch/accept-run.js";
import { Beats } from "../../../node-agent/dist/dispatch/beats.js";
import { runCommandLoop } from "../../../node-agent/dist/dispatch/command-loop.js";
import { serveControl } from "../../../node-agent/dist/dispatch/control.js";
import { CancelledRuns } from "../../../node-agent/dist/dispatch/cancelled-runs.js";
import { HeldRuns } from "../../../node-agent/dist/dispatch/held-runs.js";
import { createNodeLog, type UnchainedRecord } from "../../../node-agent/dist/journal/node-log.js";
import { Outbox } from "../../../node-agent/dist/journal/outbox.js";
import { createSealer } from "../../../node-agent/dist/journal/sealer.js";
import { LifeLine } from "../../../node-agent/dist/lifeline/life-line.js";
import { StopOrders } from "../../../node-agent/dist/lifeline/stop-orders.js";
import { leadSimTrial } from "./sim-trial.ts";

export interface SimNodeOptions {
  readonly node: string;
  readonly url: string;
  /** The coordinator's. */
  readonly publicKey: KeyObject;
  /** Holds `<node>.jsonl` and the outbox's cursor. */
  readonly dir: string;
  readonly specimenSha256: string;
  readonly slots: number;
  /** Between two renewals of leases, ms. */
  readonly beatMs: number;
  /** How long the "agent" of a trial works, ms. */
  readonly workMs: (trial: string) => number;
  readonly onStarted?: (trial: string, attempt: number) => void;
  /** Longest time without a pulse, ms. */
  readonly limitMs?: number;
}

/**
 * A node daemon without cells: journal, outbox, seals, command loop, beats and life line are the daemon's own code, over a connection of
 * its own. In place of an agent an attempt waits, and then says that its cell is gone.
 */
export class SimNode implements AsyncDisposable {
  readonly node: NodeId;
  readonly registry: Registry;
  /** `<trial>.<attempt>` of each start, to find a double one. */
  readonly starts: string[] = [];
  readonly #ended = new AbortController();
  readonly #nc: NatsConnection;
  readonly #publisher: StreamPublisher;
  readonly #outbox: Outbox;
  readonly #loops: Promise<unknown>[] = [];
  readonly #close: () => Promise<void>;

  static async start(options: SimNodeOptions): Promise<SimNode> {
    const node = nodeIdSchema.parse(options.node);
    const { journal } = await openJournal<UnchainedRecord>(join(options.dir, `${node}.jsonl`));
    const nc = await connectNats({ servers: [options.url], name: node });
    const sim = new SimNode(options, node, nc, () => journal.close());
    await sim.#run(options, createLogger("sim", "error"), (outboxAdd) => {
      const sealer = createSealer({
        ...{ node, bootId: "sim", version: "sim" },
        key: generateKeyPairSync("ed25519").privateKey,
      });
      const log = createNodeLog({
        ...{ node, bootId: "sim", journal },
        onPlaced: (line, record) => sealer.take(line, record),
        onRecord: (line) => outboxAdd(line),
        onFailure: (error) => {
          throw error;
        },
        now: () => new Date(),
        monoMs: () => performance.now(),
      });
      return { sealer, log };
    });
    return sim;
  }

  private constructor(options: SimNodeOptions, node: NodeId, nc: NatsConnection, close: () => Promise<void>) {
    this.node = node;
    this.registry = new Registry(options.slots);
    this.#nc = nc;
    this.#close = close;
    this.#publisher = new StreamPublisher(nc, node, 2000);
    this.#outbox = new Outbox({
      node,
      path: join(options.dir, `${node}.outbox.json`),
      published: 0,
      pending: [],
      publish: (lines, id) => this.#publisher.publish(subjects.record(node), lines, { msgId: id }),
      log: createLogger("sim", "error"),
    });
  }

  /** Records that the stream does not have yet. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  async #run(
    options: SimNodeOptions,
    logger: Logger,
    journal: (add: (line: string) => void) => {
      readonly sealer: ReturnType<typeof createSealer>;
      readonly log: ReturnType<typeof createNodeLog>;
    },
  ): Promise<void> {
    const { node, registry } = this;
    const { publicKey, limitMs = 30_000 } = options;
    const nc = this.#nc;
    const signal = this.#ended.signal;
    const { sealer, log } = journal((line) => this.#outbox.add(line));
    this.#loops.push(this.#outbox.run(signal));
    const instance = randomUUID();
    await log.write({ kind: "node-started", version: "sim", instance, publicKey: sealer.publicKey });
    const driver = { cells: () => [], emptyAll: () => Promise.resolve({ cells: 0, tookMs: 0 }) };
    const parts = { driver, registry, log, logger };
    const lifeLine = new LifeLine({ ...parts, limitMs });
    const stops = new StopOrders(parts);
    const epoch = { highest: 0 };
    const unmeasured = { clock: { now: () => null }, hurry: { now: () => undefined } };
    const shared = {
      ...{
        nc,
        publisher: this.#publisher,
        node,
        registry,
        publicKey,
        logger,
        epoch,
        now: Date.now,
        stops,
        held: new HeldRuns(),
      },
      ...{ ...unmeasured, cancelled: new CancelledRuns() },
    };
    const done = () => Promise.resolve({ v: 1 as const, running: 0, done: true, why: "" });
    serveControl({ ...shared, lifeLine, onSelfTest: done, onClear: done });
    const beats = new Beats({
      ...{ publisher: this.#publisher, node, registry, everyMs: options.beatMs, logger },
      inventory: () => Promise.resolve(inventoryOf(options, registry, instance)),
    });
    registry.onChange = () => beats.beat();
    beats.start(signal);
    lifeLine.start(signal);
    const starter: RunStarter = {
      run: async (order, _signed, part) => {
        this.starts.push(`${order.key.trial}.${order.key.attempt}`);
        options.onStarted?.(order.key.trial, order.key.attempt);
        await leadSimTrial(order, { log, sealer, workMs: options.workMs }, part);
      },
    };
    this.#loops.push(
      runCommandLoop(
        { ...shared, js: jetstream(nc), log, accepted: new Set<string>(), refuse: () => null, starter },
        signal,
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.registry.cancel(() => true, "the simulation is over");
    await Promise.allSettled(this.#loops);
    await this.#nc.close();
    await this.#close();
  }
}

const inventoryOf = (options: SimNodeOptions, registry: Registry, instance: string): Inventory => ({
  v: 1,
  node: nodeIdSchema.parse(options.node),
  ...{ bootId: "sim", instance, version: "sim", protocols: [1] },
  ...{ state: "ready", reason: "", labels: {} },
  slots: registry.slots,
  slotsInUse: registry.inUse,
  ...{ liveCopies: 0, selfTest: null, cpus: 1, memoryMiB: 1024, gpus: [] },
  specimens: [{ name: "tiny", sha256: options.specimenSha256 }],
  ...{ kernel: "sim", tools: {}, driver: "sim" },
});
