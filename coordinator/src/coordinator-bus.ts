import { readFile, rm, writeFile } from "node:fs/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectNats, labFileSchema, pause, type Logger } from "@redline/daemon";
import { EmbeddedNats } from "./embedded-nats.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Settings } from "./settings.ts";

const RETRY_MS = 1000;

/** Where the bus is, and a server that has to be ended where it is this coordinator's own. */
export interface CoordinatorBus extends AsyncDisposable {
  /** Waits for the server as long as it takes. */
  connect(): Promise<NatsConnection>;
}

/** The servers that the settings name; without any, a nats-server of its own. @throws ConfigError when that cannot be started. */
export async function openBus(
  settings: Settings,
  enrolment: Pick<Enrolment, "nodes" | "onChange" | "look">,
  log: Logger,
): Promise<CoordinatorBus> {
  const name = settings.REDLINE_COORDINATOR_NAME;
  const { REDLINE_NATS_URLS: servers, REDLINE_NATS_NKEY_FILE: nkeySeedFile } = settings;
  if (servers.length > 0)
    return {
      connect: () => connectNats({ servers, name, nkeySeedFile, caFile: settings.REDLINE_NATS_CA_FILE }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  const labFile = settings.REDLINE_NODES_FILE;
  const own = await EmbeddedNats.start(enrolment.nodes(), {
    dir: settings.REDLINE_STATE_DIR,
    coordinator: name,
    labFile,
    seedFile: nkeySeedFile,
    binary: settings.REDLINE_NATS_SERVER_BIN,
    listen: settings.REDLINE_NATS_LISTEN,
    log,
  });
  const ended = new AbortController();
  let telling = Promise.resolve();
  // One after the other, and again until it is done: a removed node must lose its login.
  const off = enrolment.onChange(() => {
    telling = telling.then(() => tellServer(own, enrolment, log, ended.signal));
  });
  const said = labFile === undefined ? null : await sayWhoReads(labFile, enrolment, log);
  return {
    connect: () => connectNats({ servers: [own.url], name, nkeySeedFile: own.nkeyFile }),
    async [Symbol.asyncDispose]() {
      off();
      ended.abort();
      await said?.[Symbol.asyncDispose]();
      await telling;
      await own[Symbol.asyncDispose]();
    },
  };
}

async function tellServer(
  own: EmbeddedNats,
  enrolment: Pick<Enrolment, "nodes">,
  log: Logger,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted)
    try {
      await own.setNodes(enrolment.nodes());
      return;
    } catch (error) {
      log.error({ err: error }, "the bus does not know the new enrolment; trying again");
      await pause(RETRY_MS, ended);
    }
}

/**
 * Lays this process's id where the lab file says that the server's is: who changes the lab sends SIGHUP there, and for a server of the
 * coordinator's own it is the coordinator that has to read the change first.
 */
async function sayWhoReads(
  labFile: string,
  enrolment: Pick<Enrolment, "look">,
  log: Logger,
): Promise<AsyncDisposable> {
  const look = () => void enrolment.look();
  process.on("SIGHUP", look);
  let pidFile: string | null = null;
  try {
    ({ pidFile } = labFileSchema.parse(JSON.parse(await readFile(labFile, "utf8"))).bus);
    if (pidFile !== null) await writeFile(pidFile, `${process.pid}\n`);
  } catch (error) {
    log.warn({ err: error, pidFile }, "`redline node add` cannot tell this process: it looks each second");
  }
  const written = pidFile;
  return {
    async [Symbol.asyncDispose]() {
      if (written !== null) await rm(written, { force: true }).catch(() => undefined);
      process.off("SIGHUP", look);
    },
  };
}
