import type { NatsConnection } from "@nats-io/transport-node";
import { connectNats, type Logger } from "@redline/daemon";
import { EmbeddedNats } from "./embedded-nats.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Settings } from "./settings.ts";

/** Where the bus is, and a server that has to be ended where it is this coordinator's own. */
export interface CoordinatorBus extends AsyncDisposable {
  /** Waits for the server as long as it takes. */
  connect(): Promise<NatsConnection>;
}

/** The servers that the settings name; without any, a nats-server of its own. @throws ConfigError when that cannot be started. */
export async function openBus(
  settings: Settings,
  enrolment: Pick<Enrolment, "nodes" | "onChange">,
  log: Logger,
): Promise<CoordinatorBus> {
  const name = settings.REDLINE_COORDINATOR_NAME;
  const { REDLINE_NATS_URLS: servers, REDLINE_NATS_NKEY_FILE: nkeySeedFile } = settings;
  if (servers.length > 0)
    return {
      connect: () => connectNats({ servers, name, nkeySeedFile, caFile: settings.REDLINE_NATS_CA_FILE }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  const own = await EmbeddedNats.start(enrolment.nodes(), {
    dir: settings.REDLINE_STATE_DIR,
    coordinator: name,
    labFile: settings.REDLINE_NODES_FILE,
    binary: settings.REDLINE_NATS_SERVER_BIN,
    listen: settings.REDLINE_NATS_LISTEN,
    log,
  });
  const off = enrolment.onChange(() => {
    own
      .setNodes(enrolment.nodes())
      .catch((error: unknown) => log.error({ err: error }, "the bus does not know the new enrolment"));
  });
  return {
    connect: () => connectNats({ servers: [own.url], name, nkeySeedFile: nkeySeedFile ?? own.nkeyFile }),
    async [Symbol.asyncDispose]() {
      off();
      await own[Symbol.asyncDispose]();
    },
  };
}
