import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { ConfigError, pause, type Logger } from "@redline/daemon";
import { buildBusParts, type BusParts } from "./bus-parts.ts";
import type { Bus } from "./bus.ts";
import { openBus } from "./coordinator-bus.ts";
import { standBy } from "./leader-candidate.ts";
import type { LeaderTerm } from "./leader-term.ts";
import type { Metrics } from "./metrics.ts";
import type { Core } from "./open-core.ts";
import { ensurePairLayout } from "./pair-layout.ts";
import { PairSecret } from "./pair-secret.ts";
import { replicasOf, type Settings } from "./settings.ts";

const CLOSE_MS = 3000;
const LAYOUT_RETRY_MS = 500;

/**
 * Connects and works until the signal aborts; one of a pair stands by until it may lead. Resolves when all that was taken is journalled and
 * told, and the connection is closed.
 * @param onParts told of what works on the bus as soon as this coordinator leads
 * @throws ConfigError; ForkedError and StreamReplacedError on a standby
 */
export async function workOnBus(
  core: Core,
  metrics: Pick<Metrics, "count">,
  onParts: (parts: BusParts) => void,
): Promise<void> {
  const { settings, log, signal, version, key, alone, standing, enrolment, bus } = core;
  const { store, keeping, seals, gate, book, turns, loop, clock, fail } = core;
  await using place = await openBus(settings, enrolment, log);
  const connection = await orAborted(place.connect(), signal);
  if (connection === null) return;
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
  let term: LeaderTerm | null = null;
  try {
    term = await termOf(core, connection);
  } catch (error) {
    await connection.close();
    await following;
    throw error;
  }
  if (!alone && term !== null)
    log.info({ version, epoch: store.state.epoch, records: store.reader.head }, "leading");
  if (alone || term !== null) {
    const ports = {
      ...{ settings, enrolment, store, key, seals, setAside: keeping.setAside, version },
      ...{ bus, book, gate, turns, loop, clock, log, fail },
      count: (result: Parameters<Metrics["count"]>[0]) => metrics.count(result),
    };
    const parts = await buildBusParts(connection, ports, signal);
    if (parts !== null) onParts(parts);
    await parts?.run(signal);
  }
  if (term !== null) {
    // Changes are refused from here on, and what was taken before gets to the stream: the place is left with all of it told.
    [standing.leads, standing.leader] = [false, null];
    await store.resign();
    await term.free();
  }
  await closeConnection(connection, bus, log);
  await following;
}

/** The term of one of a pair, when it may lead; null alone, and when the signal aborts first. */
async function termOf(core: Core, connection: NatsConnection): Promise<LeaderTerm | null> {
  const { settings, log, signal, version, key, mark, store, bus, standing, clock, fail } = core;
  if (mark === null) return null;
  const secret = new PairSecret(key);
  const jsm = await pairLayout(connection, settings, secret, log, signal);
  if (jsm === null) return null;
  const ports = {
    ...{ connection, js: jetstream(connection), jsm, store, mark, bus, secret, version, standing, clock },
    ...{ log, fail, name: settings.REDLINE_COORDINATOR_NAME, dir: settings.REDLINE_STATE_DIR },
    otherWaitMs: settings.REDLINE_OTHER_WAIT_MS,
  };
  return standBy(ports, signal);
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
      await pause(LAYOUT_RETRY_MS, signal);
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
