import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { streams } from "@redline/shared";
import { connectNats, packageVersion, startHttp, type HttpServer, type Logger } from "@redline/daemon";
import { Bus } from "./bus.ts";
import { buildBusParts, type BusParts } from "./bus-parts.ts";
import { systemClock } from "./clock.ts";
import { ContainmentCounters } from "./containment-counters.ts";
import { apiRoutes, type Readiness } from "./http-api.ts";
import { openJournalStore } from "./journal-store.ts";
import { createMetrics } from "./metrics.ts";
import { NodeBook } from "./node-book.ts";
import { PassLoop } from "./pass-loop.ts";
import { readQueue } from "./queue-gauge.ts";
import { RecordGate } from "./record-gate.ts";
import { listensOf, type Settings } from "./settings.ts";
import { SealBook } from "./seal-book.ts";
import { openSigningKey } from "./signing-key.ts";
import { lockState } from "./state-lock.ts";
import { submitStudy } from "./submit.ts";
import { Turns } from "./turns.ts";

const CLOSE_MS = 3000;

/**
 * Runs the coordinator until the signal aborts: lock, key, journal, HTTP, then NATS, so that `/readyz` and
 * the journal can be read while the bus is away. Resolves when everything taken is journalled and closed.
 * @throws StateLockedError, JournalBrokenError; and what made it stop when the journal can no longer be written.
 */
export async function runCoordinator(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  await mkdir(settings.REDLINE_STATE_DIR, { recursive: true, mode: 0o700 });
  const lock = await lockState(settings.REDLINE_STATE_DIR);
  try {
    await runLocked(settings, log, ended);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

async function runLocked(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  const clock = systemClock;
  const dir = settings.REDLINE_STATE_DIR;
  const failure = new AbortController();
  const signal = AbortSignal.any([ended, failure.signal]);
  const fail = (error: unknown) => {
    log.fatal({ err: error }, "the coordinator cannot go on");
    failure.abort(error);
  };

  const key = await openSigningKey(dir);
  const gate = new RecordGate();
  const seals = new SealBook();
  const containment = new ContainmentCounters();
  const store = await openJournalStore(join(dir, "journal.jsonl"), clock, fail, (record, state) => {
    const { body } = record;
    if (body.kind === "node-record") gate.restore(body.node, body.seq, body.line);
    seals.take(record, state);
    containment.take(record);
  });
  store.onApplied((record) => {
    seals.take(record, store.state);
    containment.take(record);
  });
  const version = packageVersion(import.meta.url);
  await store.commit({ kind: "coordinator-started", epoch: store.state.epoch + 1, version });
  log.info({ version, epoch: store.state.epoch, records: store.reader.head }, "coordinator started");

  const bus = new Bus(clock, log);
  const book = new NodeBook();
  const turns = new Turns();
  const loop = new PassLoop(Math.min(500, Math.max(50, settings.REDLINE_LEASE_MS / 12)), clock, log);
  store.onApplied(() => loop.wake());
  const nodes = settings.REDLINE_NODES;
  let parts: BusParts | null = null;
  const live = () => book.live(clock.monoMs(), settings.REDLINE_NODE_SILENT_MS);
  const metrics = createMetrics({
    version,
    state: store.state,
    nodes,
    heard: (node) => book.get(node),
    live: (node) => (live().some((inventory) => inventory.node === node) ? book.get(node) : undefined),
    reconnects: () => bus.reconnects,
    containment,
    queue: () => (parts === null ? null : readQueue(parts.jsm, nodes)),
    log,
  });
  const readiness = async (): Promise<Readiness> => ({
    journal: store.writable(),
    nats: bus.upSinceMs !== null,
    streams: bus.upSinceMs !== null && parts !== null && (await hasStreams(parts)),
  });
  const routes = apiRoutes({
    store,
    metrics,
    clock,
    heard: (node) => book.get(node),
    submit: (raw) => turns.take(() => submitStudy(store, raw, live())),
    readiness,
    stop: { store, turns, nodes, log, reach: () => parts },
  });
  const servers: HttpServer[] = [];
  for (const listen of listensOf(settings)) servers.push(await startHttp(listen, routes, log));
  const ports = servers.map((server) => server.port).filter((port) => port !== 0);
  log.info({ socket: settings.REDLINE_HTTP_SOCKET, ports }, "HTTP is open");

  try {
    const connection = await orAborted(
      connectNats({
        servers: settings.REDLINE_NATS_URLS,
        name: "coordinator",
        nkeySeedFile: settings.REDLINE_NATS_NKEY_FILE,
        caFile: settings.REDLINE_NATS_CA_FILE,
      }),
      signal,
    );
    if (connection !== null) {
      const following = bus.follow(connection);
      const partsPorts = {
        settings,
        store,
        key,
        seals,
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
      parts = await buildBusParts(connection, { ...partsPorts, count: (r) => metrics.count(r) }, signal);
      await parts?.run(signal);
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
