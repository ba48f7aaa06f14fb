import { streams } from "@redline/shared";
import { isLoopback, startHttp, type HttpGate, type HttpServer, type Logger } from "@redline/daemon";
import type { BusParts } from "./bus-parts.ts";
import { apiRoutes, type Readiness } from "./http-api.ts";
import { openHttpGate } from "./http-auth.ts";
import { leaderRoutes } from "./leader-routes.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { Core } from "./open-core.ts";
import { readQueue } from "./queue-gauge.ts";
import { listensOf, type Settings } from "./settings.ts";
import { submitStudy } from "./submit.ts";

/** What the coordinator says over HTTP, whether or not the bus is there. */
export interface CoordinatorHttp extends AsyncDisposable {
  readonly metrics: Metrics;
}

/**
 * Opens every place where the API listens.
 * @param parts what works on the bus, null while it does not
 * @param gate from `openTcpGate`
 * @throws what listening throws
 */
export async function openCoordinatorHttp(
  core: Core,
  gate: HttpGate | null,
  parts: () => BusParts | null,
): Promise<CoordinatorHttp> {
  const { settings, log, clock, version, key, enrolment, standing, store, keeping, bus, book, turns } = core;
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
    leads: () => standing.leads,
    // One that leads and does not get to work has no bus either.
    stores: () => (standing.leads ? (parts()?.busStore.stores ?? false) : null),
    containment: core.containment,
    otherVersions: () => book.otherVersions.size,
    setAside: () => keeping.setAside.counts,
    objectsExpected: () => keeping.expected.size,
    queue: () => {
      const there = parts();
      return there === null ? null : readQueue(there.jsm, enrolment.nodes());
    },
    log,
  });
  const stop = {
    ...{ store, turns, log, reach: parts },
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
    readiness: () => readinessOf(core, parts()),
    stop,
  });
  const routes = [...apis, ...keeping.routes({ store, turns, stop, key, version })];
  const servers: HttpServer[] = [];
  const end = async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  };
  try {
    for (const listen of listensOf(settings)) {
      // The socket's file mode is its login; TCP has none but the gate.
      const open = "socketPath" in listen || gate === null;
      if ("host" in listen && !isLoopback(listen.host))
        log.warn(
          { host: listen.host },
          "HTTP leaves this machine without TLS: put a proxy that speaks it before this",
        );
      servers.push(await startHttp(listen, leaderRoutes(routes, standing), log, open ? undefined : gate));
    }
  } catch (error) {
    await end();
    throw error;
  }
  const ports = servers.map((server) => server.port).filter((port) => port !== 0);
  log.info({ socket: settings.REDLINE_HTTP_SOCKET, ports }, "HTTP is open");
  return { metrics, [Symbol.asyncDispose]: end };
}

/** Who may come in over TCP; null where the settings name no tokens. @throws ConfigError where the file of tokens cannot be used */
export async function openTcpGate(settings: Settings, log: Logger): Promise<HttpGate | null> {
  const { REDLINE_HTTP_TOKENS_FILE: tokensFile, REDLINE_HTTP_HOSTS: hosts } = settings;
  if (tokensFile === undefined) return null;
  return openHttpGate({ tokensFile, hosts, metricsOpen: settings.REDLINE_METRICS_OPEN === "1", log });
}

async function readinessOf({ store, standing, bus }: Core, parts: BusParts | null): Promise<Readiness> {
  const nats = bus.upSinceMs !== null;
  const there = standing.leads ? parts !== null && (await hasStreams(parts)) : standing.caughtUp;
  return { journal: store.writable() || !standing.leads, nats, streams: nats && there };
}

async function hasStreams({ jsm }: BusParts): Promise<boolean> {
  try {
    await Promise.all([jsm.streams.info(streams.commands), jsm.streams.info(streams.records)]);
    return true;
  } catch {
    return false;
  }
}
