import { setMaxListeners } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { streams } from "@redline/shared";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  ConfigError,
  cutJournalAfter,
  isLoopback,
  packageVersion,
  pause,
  startHttp,
  type HttpServer,
  type Logger,
} from "@redline/daemon";
import { Bus } from "./bus.ts";
import { buildBusParts, type BusParts } from "./bus-parts.ts";
import { systemClock } from "./clock.ts";
import { openBus } from "./coordinator-bus.ts";
import { ContainmentCounters } from "./containment-counters.ts";
import { Enrolment } from "./enrolment.ts";
import { apiRoutes, type Readiness } from "./http-api.ts";
import { openHttpGate } from "./http-auth.ts";
import { ForkedError, StreamReplacedError } from "./journal-replica-follower.ts";
import { openJournalStore } from "./journal-store.ts";
import { standBy } from "./leader-candidate.ts";
import type { Standing } from "./leader-ports.ts";
import { leaderRoutes } from "./leader-routes.ts";
import type { LeaderTerm } from "./leader-term.ts";
import { createMetrics } from "./metrics.ts";
import { NodeBook } from "./node-book.ts";
import { Keeping } from "./objects-keeping.ts";
import { ensurePairLayout } from "./pair-layout.ts";
import { PairSecret } from "./pair-secret.ts";
import { PassLoop } from "./pass-loop.ts";
import { readQueue } from "./queue-gauge.ts";
import { RecordGate } from "./record-gate.ts";
import { listensOf, replicasOf, type Settings } from "./settings.ts";
import { SealBook } from "./seal-book.ts";
import { openSigningKey } from "./signing-key.ts";
import { lockState } from "./state-lock.ts";
import { HOW_TO_KEEP, StreamMark } from "./stream-mark.ts";
import { submitStudy } from "./submit.ts";
import { Turns } from "./turns.ts";

const CLOSE_MS = 3000;
const START_AGAIN_MS = 500;

/**
 * Runs the coordinator until the signal aborts: lock, key, journal, HTTP, then NATS, so that `/readyz` and
 * the journal can be read while the bus is away. One of a pair stands by until it may lead. Resolves when everything taken is
 * journalled and closed.
 * @throws StateLockedError, JournalBrokenError, ConfigError; and what made it stop when the journal can no longer be written.
 */
export async function runCoordinator(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  await mkdir(settings.REDLINE_STATE_DIR, { recursive: true, mode: 0o700 });
  const lock = await lockState(settings.REDLINE_STATE_DIR);
  try {
    for (;;)
      try {
        await runLocked(settings, log, ended);
        return;
      } catch (error) {
        if (error instanceof ForkedError) await cutAway(settings, error, log);
        else if (!(error instanceof StreamReplacedError)) throw error;
        else await pause(START_AGAIN_MS, ended);
        log.warn({ err: error }, "beginning anew");
      }
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/**
 * Moves lines that the leader's journal does not have beside the journal, where they were never on a stream and so never acted on.
 * @throws ConfigError where they were: that is for a person to decide.
 */
async function cutAway(
  { REDLINE_STATE_DIR: dir }: Settings,
  { keep }: ForkedError,
  log: Logger,
): Promise<void> {
  const acted = await StreamMark.read(dir);
  if (acted === null || acted > keep)
    throw new ConfigError(
      `the leader's journal goes another way after line ${keep}, and lines here up to ${acted ?? "the last"} were acted on. ` +
        `Which one holds is for you to decide: to follow the leader, move ${join(dir, "journal.jsonl")} away; ${HOW_TO_KEEP}`,
    );
  const to = join(dir, `journal.cut-${keep + 1}.jsonl`);
  const moved = await cutJournalAfter(join(dir, "journal.jsonl"), keep, to);
  log.warn({ moved, to }, "lines that the leader's journal does not have were moved away");
}

async function runLocked(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  const clock = systemClock;
  const dir = settings.REDLINE_STATE_DIR;
  const failure = new AbortController();
  const signal = AbortSignal.any([ended, failure.signal]);
  // Each loop and each pause of one hangs on it.
  setMaxListeners(0, signal);
  const fail = (error: unknown) => {
    log.fatal({ err: error }, "the coordinator cannot go on");
    failure.abort(error);
  };

  const key = await openSigningKey(dir, settings.REDLINE_SIGNING_KEY_FILE);
  const { REDLINE_NODES_FILE: nodesFile, REDLINE_HTTP_TOKENS_FILE: tokensFile } = settings;
  const enrolment = await Enrolment.open(
    nodesFile === undefined ? { nodes: settings.REDLINE_NODES } : { file: nodesFile },
    log,
  );
  const tcpGate =
    tokensFile === undefined
      ? null
      : await openHttpGate({
          tokensFile,
          hosts: settings.REDLINE_HTTP_HOSTS,
          metricsOpen: settings.REDLINE_METRICS_OPEN === "1",
          log,
        });
  const keeping = await Keeping.open(dir, clock, log);
  const gate = new RecordGate();
  const seals = new SealBook();
  const containment = new ContainmentCounters();
  const alone = settings.REDLINE_STANDBY === "off";
  const name = settings.REDLINE_COORDINATOR_NAME;
  const standing: Standing = { leads: alone, leader: alone ? name : null, caughtUp: alone };
  const store = await openJournalStore(
    join(dir, "journal.jsonl"),
    clock,
    fail,
    (record, state) => {
      const { body } = record;
      if (body.kind === "node-record") gate.restore(body.node, body.seq, body.line);
      seals.take(record, state);
      containment.take(record);
      keeping.take(record, state);
    },
    alone ? "alone" : "standby",
  );
  store.onApplied((record) => {
    const { body } = record;
    // The leader's gate let it through; this one must know it when it leads.
    if (!standing.leads && body.kind === "node-record") gate.restore(body.node, body.seq, body.line);
    seals.take(record, store.state);
    containment.take(record);
    keeping.take(record, store.state);
  });
  const version = packageVersion(import.meta.url);
  if (alone) await StreamMark.remove(dir);
  using mark = alone ? null : await StreamMark.open(dir, store.head().seq);
  if (alone) await store.commit({ kind: "coordinator-started", epoch: store.state.epoch + 1, version });
  const began = { version, epoch: store.state.epoch, records: store.reader.head };
  log.info(began, alone ? "coordinator started" : "coordinator of a pair started");

  keeping.replayed();
  const { setAside } = keeping;
  const bus = new Bus(clock, log);
  const book = new NodeBook();
  const turns = new Turns();
  const loop = new PassLoop(Math.min(500, Math.max(50, settings.REDLINE_LEASE_MS / 12)), clock, log);
  store.onApplied(() => loop.wake());
  let parts: BusParts | null = null;
  const live = () => book.live(clock.monoMs(), settings.REDLINE_NODE_SILENT_MS);
  const metrics = createMetrics({
    version,
    state: store.state,
    get nodes() {
      return enrolment.nodes();
    },
    heard: (node) => book.get(node),
    live: (node) => (live().some((inventory) => inventory.node === node) ? book.get(node) : undefined),
    reconnects: () => bus.reconnects,
    stores: () => parts?.busStore.stores ?? null,
    containment,
    otherVersions: () => book.otherVersions.size,
    setAside: () => setAside.counts,
    objectsExpected: () => keeping.expected.size,
    queue: () => (parts === null ? null : readQueue(parts.jsm, enrolment.nodes())),
    log,
  });
  const readiness = async (): Promise<Readiness> => ({
    journal: store.writable() || !standing.leads,
    nats: bus.upSinceMs !== null,
    streams:
      bus.upSinceMs !== null &&
      (standing.leads ? parts !== null && (await hasStreams(parts)) : standing.caughtUp),
  });
  const stop = {
    ...{ store, turns, log, reach: () => parts },
    get nodes() {
      return enrolment.nodes();
    },
  };
  const apis = apiRoutes({
    standing,
    store,
    metrics,
    clock,
    heard: (node) => book.get(node),
    otherVersions: () => book.otherVersions,
    submit: (raw, by) => turns.take(() => submitStudy(store, raw, live(), by)),
    readiness,
    stop,
  });
  const routes = [...apis, ...keeping.routes({ store, turns, stop, key, version })];
  const servers: HttpServer[] = [];
  for (const listen of listensOf(settings)) {
    // The socket's file mode is its login; TCP has none but the gate.
    const open = "socketPath" in listen || tcpGate === null;
    if ("host" in listen && !isLoopback(listen.host))
      log.warn(
        { host: listen.host },
        "HTTP leaves this machine without TLS: put a proxy that speaks it before this",
      );
    servers.push(await startHttp(listen, leaderRoutes(routes, standing), log, open ? undefined : tcpGate));
  }
  const ports = servers.map((server) => server.port).filter((port) => port !== 0);
  log.info({ socket: settings.REDLINE_HTTP_SOCKET, ports }, "HTTP is open");

  let term: LeaderTerm | null = null;
  try {
    await using place = await openBus(settings, enrolment, log);
    const connection = await orAborted(place.connect(), signal);
    if (connection !== null) {
      const following = bus.follow(connection);
      const objects = {
        connection,
        replicas: replicasOf(settings),
        bucketMiB: settings.REDLINE_OBJECTS_MIB,
        pair: !alone,
        leads: () => standing.leads,
        nodes: () => [...enrolment.nodes()],
      };
      await using _objects = keeping.start({ ...objects, store, turns }, signal);
      const partsPorts = {
        settings,
        enrolment,
        store,
        key,
        seals,
        setAside,
        version,
        bus,
        book,
        gate,
        turns,
        loop,
        clock,
        log,
        fail,
      };
      try {
        if (mark !== null) {
          const secret = new PairSecret(key);
          const jsm = await pairLayout(connection, settings, secret, log, signal);
          const js = jetstream(connection);
          const ports = {
            connection,
            js,
            store,
            mark,
            bus,
            name,
            secret,
            version,
            dir,
            otherWaitMs: settings.REDLINE_OTHER_WAIT_MS,
            standing,
            clock,
            log,
            fail,
          };
          if (jsm !== null) term = await standBy({ ...ports, jsm }, signal);
        }
      } catch (error) {
        await connection.close();
        await following;
        throw error;
      }
      if (!alone && term !== null)
        log.info({ version, epoch: store.state.epoch, records: store.reader.head }, "leading");
      if (alone || term !== null)
        parts = await buildBusParts(connection, { ...partsPorts, count: (r) => metrics.count(r) }, signal);
      await parts?.run(signal);
      if (term !== null) {
        // Changes are refused from here on, and what was taken before gets to the stream: the place is left with all of it told.
        [standing.leads, standing.leader] = [false, null];
        await store.resign();
        await term.free();
      }
      await closeConnection(connection, bus, log);
      await following;
    }
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await store.close();
  }
  if (failure.signal.aborted) throw new Error("stopped by a failure", { cause: failure.signal.reason });
  log.info("coordinator ended");
}

/** What a pair needs of the bus, tried until it is there. Null when the signal aborted first. @throws ConfigError */
async function pairLayout(
  connection: NatsConnection,
  settings: Settings,
  { token }: PairSecret,
  log: Logger,
  signal: AbortSignal,
) {
  const journalBytes = settings.REDLINE_JOURNAL_STREAM_MIB * 1_048_576;
  while (!signal.aborted)
    try {
      const jsm = await jetstreamManager(connection);
      await ensurePairLayout(jsm, { token, journalBytes, replicas: replicasOf(settings) }, log, signal);
      return jsm;
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      log.error({ err: error }, "the journal's stream is not there yet; trying again");
      await pause(START_AGAIN_MS, signal);
    }
  return null;
}

/** Acknowledgements still in the buffer go out first; a server that is away must not hold up the end. */
async function closeConnection(connection: NatsConnection, bus: Bus, log: Logger): Promise<void> {
  const drained = bus.upSinceMs === null ? Promise.resolve() : connection.drain();
  await Promise.race([
    drained.catch((error: unknown) => log.warn({ err: error }, "NATS connection could not be drained")),
    afterMs(CLOSE_MS),
  ]);
  await connection.close();
}

async function hasStreams({ jsm }: BusParts): Promise<boolean> {
  try {
    await Promise.all([jsm.streams.info(streams.commands), jsm.streams.info(streams.records)]);
    return true;
  } catch {
    return false;
  }
}

const afterMs = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** Null when the signal aborts before `work` is done; what comes of it later is closed. */
async function orAborted<T extends { close(): Promise<void> }>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const first = await Promise.race([work, aborted]);
  if (first === null) work.then((late) => late.close()).catch(() => undefined);
  return first;
}
