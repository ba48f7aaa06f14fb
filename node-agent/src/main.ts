#!/usr/bin/env node
import { createPublicKey } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { jetstream } from "@nats-io/jetstream";
import {
  abortOnSignals,
  ConfigError,
  connectNats,
  createLogger,
  JournalBrokenError,
  packageVersion,
  pause,
  startHttp,
  StreamPublisher,
  type Logger,
} from "@redline/daemon";
import { AttemptCancelled } from "./attempts/attempt-fault.ts";
import { openOrderedBrain } from "./attempts/ordered-brain.ts";
import { Registry } from "./attempts/registry.ts";
import { showAlone } from "./attempts/show-cell.ts";
import { SpecimenFacts } from "./attempts/specimen-facts.ts";
import { createStarter } from "./attempts/starter.ts";
import { findCellTools } from "./cell/cell-tools.ts";
import { chooseDriver } from "./choose-driver.ts";
import { linuxInstruments } from "./challenge/linux-instruments.ts";
import { Beats } from "./dispatch/beats.ts";
import { askTime } from "./clock/ask-time.ts";
import { CoordinatorClock } from "./clock/coordinator-clock.ts";
import { ClockHurry, followClock, hurryOnReconnect } from "./clock/follow-clock.ts";
import { runCommandLoop } from "./dispatch/command-loop.ts";
import { CancelledRuns } from "./dispatch/cancelled-runs.ts";
import { HeldRuns } from "./dispatch/held-runs.ts";
import { serveControl } from "./dispatch/control.ts";
import { createInventory } from "./inventory/inventory.ts";
import { beginRecords, findRecords } from "./journal/node-records.ts";
import { attemptName } from "./journal/unfinished.ts";
import { serveKills } from "./lifeline/kill-subject.ts";
import { createNodeMetrics } from "./metrics.ts";
import { metricRoutes } from "./metric-routes.ts";
import { createCellEyes } from "./observe/cell-eyes.ts";
import { readHostFacts } from "./observe/host-facts.ts";
import { createSnapshotter } from "./observe/snapshotter.ts";
import { servePeers } from "./peer/peer-service.ts";
import { Safety } from "./safety.ts";
import { loadSettings, type Settings } from "./settings.ts";
import { CellBook } from "./sterility/cell-book.ts";
import { createSterility } from "./sterility/sterility.ts";
import { readTools } from "./tools.ts";

const VERSION = packageVersion(import.meta.url);

const KEY_WAIT_MS = 30_000;
const SOCKETS_DIR = "/run/redline-node";
const DRAIN_MS = 8000;
/** What had no answer after so long, without a reconnect, goes out again. */
const PUBLISH_MS = 2000;
/** Made by a lab host's init (`cli/lab/host-init.bash`) for itself alone. */
const LAB_PRIVATE_PLACES = ["/dev/shm", "/run/mqueue"];

/** Puts the daemon together and runs it until the first signal; teardown of what runs is part of that. */
async function run(settings: Settings, logger: Logger, signal: AbortSignal): Promise<void> {
  const node = settings.REDLINE_NODE;
  const stateDir = settings.REDLINE_STATE_DIR;
  const cellsDir = join(stateDir, "cells");
  // This node's own: what a predecessor that was killed left there goes, and nothing of another node's on this machine.
  const socketsDir = join(SOCKETS_DIR, node);
  await rm(socketsDir, { recursive: true, force: true });
  for (const dir of [cellsDir, socketsDir]) await mkdir(dir, { recursive: true, mode: 0o711 });
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const metrics = createNodeMetrics(VERSION);
  const tools = await readTools(settings.REDLINE_TOOLS);
  await using snapshotter = createSnapshotter();
  const driver = new CellBook(chooseDriver(settings, tools.path, cellsDir));
  await using sterility = createSterility({
    cellsDir,
    privatePlaces: settings.REDLINE_LAB === "1" ? LAB_PRIVATE_PLACES : [],
  });
  for (const proof of await driver.sweepLeftovers())
    logger.warn({ proof }, "removed a cell of a dead predecessor");

  const found = await findRecords(stateDir);
  await using _journal = found.journal;
  const { past } = found;

  const publicKey = createPublicKey(await readWhenThere(settings.REDLINE_COORDINATOR_PUB, signal));
  const nc = await connectNats({
    servers: settings.REDLINE_NATS_URLS,
    name: node,
    nkeySeedFile: settings.REDLINE_NATS_NKEY_FILE,
    caFile: settings.REDLINE_NATS_CA_FILE,
  });
  const js = jetstream(nc);
  const publisher = new StreamPublisher(nc, node, PUBLISH_MS);
  const clock = new CoordinatorClock(() => performance.now());
  // The journal and the bus outlive the signal: what teardown records must still get out.
  const io = new AbortController();
  const { log, sealer, outbox, instance, carried } = await beginRecords(found, {
    ...{ node, bootId, version: VERSION, stateDir, publisher, js, logger, signal: io.signal },
    clock: () => clock.reading(),
    onRecord: (body) => metrics.record(body),
    onFailure: (error) => {
      // Fail closed: with this process the pipes to the cells end, and the cells with them.
      logger.fatal({ err: error }, "the journal cannot be written; ending");
      process.exit(1);
    },
  });

  const registry = new Registry(settings.REDLINE_SLOTS);
  const epoch = { highest: past.epoch };
  const { nsenter } = findCellTools(tools.path);
  const eyes = createCellEyes({ snapshotter, nsenter, log: logger });
  const instruments = linuxInstruments({ nsenter, snapshotter });
  const safety = new Safety({
    settings,
    node,
    bootId,
    lastSelfTest: past.selfTest,
    lastQuarantine: past.quarantine,
    driver,
    registry,
    sterility,
    host: readHostFacts(process.pid, Date.now()),
    nsenter,
    cellsDir,
    log,
    logger,
    onChange: () => registry.onChange(),
  });
  const inventory = createInventory({
    settings,
    registry,
    bootId,
    instance,
    version: VERSION,
    driver: driver.name,
    selfTest: () => safety.fitness.selfTest,
    quarantined: () => safety.quarantine.why(),
    liveCopies: () => safety.census.liveCopies(),
    tools: tools.versions,
  });
  await inventory.refreshSpecimens((problem) => logger.warn({ problem }, "specimen left out"));
  const beats = new Beats({
    publisher,
    node,
    registry,
    inventory: () => inventory.read(signal.aborted),
    everyMs: settings.REDLINE_LEASE_EVERY_MS,
    logger,
  });
  registry.onChange = () => {
    beats.beat();
  };

  await safety.start();
  const now = () => new Date();
  const facts = new SpecimenFacts({ eyes, tools: { nsenter }, now, cellsDir }, signal);
  const shared = { nc, node, registry, publicKey, logger };
  servePeers({
    ...shared,
    refuse: (order) => safety.refuse(order),
    minEpoch: () => epoch.highest,
    clock,
    draining: () => signal.aborted,
    deps: {
      eyes,
      instruments,
      specimens: inventory.specimens,
      openBrain: (order, ways) =>
        openOrderedBrain(order, settings.REDLINE_KEY_DIR, settings.REDLINE_BRAIN_URLS, ways),
      cellsDir,
      socketsDir,
      advertise: settings.REDLINE_ADVERTISE,
      show: showAlone,
      now,
    },
    context: { log, logger, driver, sealer, sterility: safety.sterilityParts },
    log: logger,
  });
  const { kills, lifeLine, stops } = safety;
  const hurry = new ClockHurry();
  const held = new HeldRuns();
  const cancelled = new CancelledRuns();
  const ask = () => askTime({ nc, node, publicKey, nowMs: () => performance.now() });
  void followClock({ clock, ask, hurry, logger }, io.signal);
  void hurryOnReconnect(nc, {
    now: () => {
      hurry.now();
      outbox.hurry();
    },
  });
  serveControl({
    ...{ ...shared, epoch, now: Date.now, lifeLine, stops, held, cancelled, clock, hurry },
    onSelfTest: (reason) => safety.onSelfTest(reason),
    onClear: (order, issuedAt) => safety.onClear(order, issuedAt),
  });
  serveKills({ nc, node, publicKey, kills, now: Date.now, logger });
  const starter = createStarter({
    nc,
    node,
    log,
    sealer,
    logger,
    driver,
    sterility: safety.sterilityParts,
    eyes,
    instruments,
    facts,
    specimens: inventory.specimens,
    advertise: settings.REDLINE_ADVERTISE,
    cellsDir,
    socketsDir,
    keyDir: settings.REDLINE_KEY_DIR,
    brainUrls: settings.REDLINE_BRAIN_URLS,
    now,
  });
  const gauges = () => ({
    slots: registry.slots,
    slotsInUse: registry.inUse,
    liveCopies: safety.census.liveCopies(),
    outboxRecords: outbox.waiting,
  });
  await using _http =
    settings.REDLINE_HTTP_LISTEN === undefined
      ? null
      : await startHttp(hostPort(settings.REDLINE_HTTP_LISTEN), metricRoutes(metrics, nc, gauges), logger);
  beats.start(io.signal);
  const accepted = new Set([...past.accepted, ...past.unfinished.map(({ key }) => attemptName(key))]);
  const commands = runCommandLoop(
    {
      ...shared,
      ...{ js, publisher },
      epoch,
      log,
      accepted,
      starter,
      ...{ stops, held, cancelled, clock, hurry },
      refuse: (order) => safety.refuse(order),
      now: Date.now,
    },
    signal,
  );
  logger.info({ node, slots: registry.slots, lost: past.unfinished.length }, "node daemon is up");

  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  logger.info({ running: registry.inUse }, "ending: cells are torn down");
  await registry.cancel(() => true, new AttemptCancelled("the node daemon was told to end").message);
  await facts.idle();
  await safety.end();
  await outbox.drained(DRAIN_MS);
  io.abort();
  await Promise.all([carried, commands]);
  await nc.close();
}

/** The coordinator writes its public key at its first start, which may be after ours. */
async function readWhenThere(path: string, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + KEY_WAIT_MS;
  for (;;) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (performance.now() > deadline || signal.aborted)
        throw new ConfigError(
          `REDLINE_COORDINATOR_PUB: ${path} cannot be read; copy the coordinator's coordinator.pub there`,
          { cause: error },
        );
      await pause(100, signal);
    }
  }
}

function hostPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

try {
  const settings = loadSettings(process.env);
  const logger = createLogger("redline-node", settings.REDLINE_LOG_LEVEL).child({
    node: settings.REDLINE_NODE,
  });
  await run(settings, logger, abortOnSignals());
  process.exit(0);
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof JournalBrokenError;
  process.stderr.write(
    `redline node: ${expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(expected ? 2 : 1);
}
