import type { KeyObject } from "node:crypto";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { buckets, calibrationFor, instrumentOf, type NodeId } from "@redline/shared";
import { everyUntil, pause, StreamPublisher, type Logger } from "@redline/daemon";
import { AttemptOrders } from "./attempt-orders.ts";
import { BusStore } from "./bus-store.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Enrolment } from "./enrolment.ts";
import { followEnrolment } from "./enrolment-changes.ts";
import { InventoryIntake } from "./inventory-intake.ts";
import type { JournalStore } from "./journal-store.ts";
import { watchBucket } from "./kv-watch.ts";
import { LeaseBook } from "./lease-book.ts";
import { leaseIntake } from "./lease-intake.ts";
import { CopyCap } from "./copy-cap.ts";
import { ensureLayout } from "./nats-layout.ts";
import type { NodeBook } from "./node-book.ts";
import { commandsStream, PoisonCommands } from "./poison-commands.ts";
import type { SetAside } from "./set-aside.ts";
import { serveTime } from "./clock-service.ts";
import type { PassLoop } from "./pass-loop.ts";
import { Pulse } from "./pulse.ts";
import { Reconciler } from "./reconciler.ts";
import type { RecordGate } from "./record-gate.ts";
import { RecordsIntake, type RecordResult } from "./records-intake.ts";
import type { SealBook } from "./seal-book.ts";
import { replicasOf, type Settings } from "./settings.ts";
import { TrialMirror } from "./trial-mirror.ts";
import type { Turns } from "./turns.ts";

/** What had no answer after so long is sent again. */
const PUBLISH_MS = 2000;

export interface BusPartsPorts {
  readonly settings: Settings;
  readonly enrolment: Enrolment;
  readonly store: JournalStore;
  readonly key: KeyObject;
  readonly seals: SealBook;
  readonly version: string;
  readonly setAside: SetAside;
  readonly bus: Bus;
  readonly book: NodeBook;
  readonly gate: RecordGate;
  readonly turns: Turns;
  readonly loop: PassLoop;
  readonly clock: Clock;
  readonly log: Logger;
  readonly count: (result: RecordResult) => void;
  readonly fail: (error: unknown) => void;
}

/** What works once there is a connection. */
export interface BusParts {
  readonly orders: AttemptOrders;
  readonly dispatcher: Dispatcher;
  readonly busStore: Pick<BusStore, "stores">;
  readonly jsm: Awaited<ReturnType<typeof jetstreamManager>>;
  /** Runs everything until the signal aborts and all that was taken is journalled and acknowledged. */
  run(signal: AbortSignal): Promise<void>;
}

const LAYOUT_RETRY_MS = 1000;

/** Makes the layout, tried until the signal aborts, and builds the parts. Null when it aborted first. */
export async function buildBusParts(
  connection: NatsConnection,
  ports: BusPartsPorts,
  signal: AbortSignal,
): Promise<BusParts | null> {
  const { settings, store, key, bus, book, clock, log, enrolment } = ports;
  const layoutOf = (nodes: readonly NodeId[]) => ({
    nodes,
    commandsPending: settings.REDLINE_COMMANDS_PENDING,
    recordsBytes: settings.REDLINE_RECORDS_MIB * 1_048_576,
    replicas: replicasOf(settings),
  });
  let jsm = null;
  while (jsm === null && !signal.aborted)
    try {
      const made = await jetstreamManager(connection);
      await ensureLayout(connection, made, layoutOf(enrolment.nodes()), log);
      jsm = made;
    } catch (error) {
      log.error({ err: error }, "NATS layout is not there yet; trying again");
      await pause(LAYOUT_RETRY_MS, signal);
    }
  if (jsm === null) return null;

  const js = jetstream(connection);
  const { epoch } = store.state;
  const publisher = new StreamPublisher(connection, settings.REDLINE_COORDINATOR_NAME, PUBLISH_MS);
  const dispatcher = new Dispatcher({
    ...{ connection, publisher, jsm, bus, key, epoch, clock, log, signal },
    name: settings.REDLINE_COORDINATOR_NAME,
  });
  const mirror = new TrialMirror(connection, publisher, epoch, clock, log, ports.fail);
  const orders = new AttemptOrders(dispatcher, mirror, log);
  const askLeases = () => jsm.streams.info(`KV_${buckets.lease}`);
  const busStore = new BusStore({ publisher, askLeases, bus, leaseMs: settings.REDLINE_LEASE_MS, log });
  const leases = new LeaseBook();
  const inventories = new InventoryIntake({
    store,
    book,
    get enrolled() {
      return enrolment.set();
    },
    bus,
    clock,
    log,
    goneMs: 3 * settings.REDLINE_LEASE_MS,
    wake: () => ports.loop.wake(),
  });
  const reconciler = new Reconciler({
    store,
    leases,
    orders,
    mirror,
    bus,
    clock,
    log,
    seals: {
      book: ports.seals,
      key,
      version: ports.version,
      instrument: (study, nodes) => instrumentOf(calibrationFor(store.state, study, nodes)),
    },
    epoch,
    get enrolled() {
      return enrolment.set();
    },
    live: (nowMs) => book.live(nowMs, settings.REDLINE_NODE_SILENT_MS),
    limits: {
      leaseMs: settings.REDLINE_LEASE_MS,
      acceptMs: settings.REDLINE_ACCEPT_MS,
      evidenceWaitMs: settings.REDLINE_EVIDENCE_WAIT_MS,
      unplaceableMs: settings.REDLINE_UNPLACEABLE_MS,
      absentMs: settings.REDLINE_ABSENT_MS,
    },
  });
  const pulse = new Pulse({
    state: store.state,
    get nodes() {
      return enrolment.nodes();
    },
    dispatcher,
    writable: () => store.writable(),
    log,
  });
  const cap = new CopyCap({
    store,
    turns: ports.turns,
    orders,
    live: () => book.live(clock.monoMs(), settings.REDLINE_NODE_SILENT_MS),
    most: settings.REDLINE_MAX_COPIES,
    clock,
    log,
  });
  const intake = new RecordsIntake({
    store,
    gate: ports.gate,
    get enrolled() {
      return enrolment.set();
    },
    clock,
    bus,
    log,
    count: ports.count,
    setAside: ports.setAside,
    onSkew: (node, skew) => inventories.skewed(node, skew),
  });
  const takeLease = leaseIntake({ state: store.state, book: leases, orders, clock, log });
  const changes = {
    ...{ enrolment, store, book, dispatcher, jsm, log },
    wake: () => ports.loop.wake(),
    layout: (added: readonly NodeId[]) => ensureLayout(connection, jsm, layoutOf(added), log),
  };
  const poison = new PoisonCommands({
    ...{ store, orders, log },
    turns: ports.turns,
    commands: commandsStream(jsm),
    setAside: ports.setAside,
  });
  const time = {
    ...{ connection, key, epoch, clock, log },
    name: settings.REDLINE_COORDINATOR_NAME,
    get enrolled() {
      return enrolment.set();
    },
  };
  const pass = () => ports.turns.take(() => reconciler.pass(!signal.aborted));

  return {
    orders,
    dispatcher,
    busStore,
    jsm,
    async run() {
      orders.resume(store.state);
      pulse.start(settings.REDLINE_PULSE_MS, signal);
      serveTime(time, signal);
      const watching = { bus, log, signal };
      await Promise.all([
        intake.run(js, signal),
        poison.run(js, signal),
        busStore.run(signal),
        enrolment.watch(signal),
        followEnrolment(changes, signal),
        watchBucket(connection, buckets.inventory, (k, value) => inventories.take(k, value), watching),
        watchBucket(connection, buckets.lease, takeLease, watching),
        everyUntil(
          signal,
          1000,
          () => inventories.sweep(),
          (error) => log.error({ err: error }, "sweep failed"),
        ),
        everyUntil(
          signal,
          1000,
          () => cap.sweep(),
          (error) => log.error({ err: error }, "the cap on copies could not be held"),
        ),
        ports.loop.run(pass, () => bus.restartPeriods(), signal),
      ]);
      await orders.settled();
    },
  };
}
