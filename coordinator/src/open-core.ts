import { setMaxListeners } from "node:events";
import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { packageVersion, type Logger } from "@redline/daemon";
import { Bus } from "./bus.ts";
import { systemClock, type Clock } from "./clock.ts";
import { ContainmentCounters } from "./containment-counters.ts";
import { Enrolment } from "./enrolment.ts";
import { openJournalStore, type JournalStore } from "./journal-store.ts";
import type { Standing } from "./leader-ports.ts";
import { NodeBook } from "./node-book.ts";
import { Keeping } from "./objects-keeping.ts";
import { PassLoop } from "./pass-loop.ts";
import { RecordGate } from "./record-gate.ts";
import { SealBook } from "./seal-book.ts";
import type { Settings } from "./settings.ts";
import { openSigningKey } from "./signing-key.ts";
import { StreamMark } from "./stream-mark.ts";
import { Turns } from "./turns.ts";

/** All of a coordinator that is there without the bus: its journal, read, and what follows it. */
export interface Core {
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
  /** Aborts when the coordinator is to end, or cannot go on. */
  readonly signal: AbortSignal;
  /** What made it end, once `fail` was called. */
  readonly failure: AbortSignal;
  readonly fail: (error: unknown) => void;
  readonly key: KeyObject;
  readonly enrolment: Enrolment;
  /** Not one of a pair. */
  readonly alone: boolean;
  readonly standing: Standing;
  readonly store: JournalStore;
  /** How far the journal of one of a pair was acted on; null alone. */
  readonly mark: StreamMark | null;
  readonly keeping: Keeping;
  readonly gate: RecordGate;
  readonly seals: SealBook;
  readonly containment: ContainmentCounters;
  readonly bus: Bus;
  readonly book: NodeBook;
  readonly turns: Turns;
  readonly loop: PassLoop;
}

/**
 * Opens the state folder, which is locked: key, enrolment, journal. Who gets it closes `store` and disposes of `mark`.
 * @throws JournalBrokenError, ConfigError
 */
export async function openCore(settings: Settings, log: Logger, ended: AbortSignal): Promise<Core> {
  const clock = systemClock;
  const dir = settings.REDLINE_STATE_DIR;
  const failing = new AbortController();
  const signal = AbortSignal.any([ended, failing.signal]);
  // Each loop and each pause of one hangs on it.
  setMaxListeners(0, signal);
  const fail = (error: unknown) => {
    log.fatal({ err: error }, "the coordinator cannot go on");
    failing.abort(error);
  };
  const key = await openSigningKey(dir, settings.REDLINE_SIGNING_KEY_FILE);
  const { REDLINE_NODES_FILE: nodesFile } = settings;
  const enrolment = await Enrolment.open(
    nodesFile === undefined ? { nodes: settings.REDLINE_NODES } : { file: nodesFile },
    log,
  );
  const alone = settings.REDLINE_STANDBY === "off";
  const standing: Standing = {
    leads: alone,
    leader: alone ? settings.REDLINE_COORDINATOR_NAME : null,
    caughtUp: alone,
  };
  const keeping = await Keeping.open(dir, clock, log);
  const [gate, seals, containment] = [new RecordGate(), new SealBook(), new ContainmentCounters()];
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
  const mark = alone ? null : await StreamMark.open(dir, store.head().seq);
  if (alone) await store.commit({ kind: "coordinator-started", epoch: store.state.epoch + 1, version });
  const began = { version, epoch: store.state.epoch, records: store.reader.head };
  log.info(began, alone ? "coordinator started" : "coordinator of a pair started");
  keeping.replayed();

  const loop = new PassLoop(Math.min(500, Math.max(50, settings.REDLINE_LEASE_MS / 12)), clock, log);
  store.onApplied(() => loop.wake());
  return {
    ...{ settings, log, clock, version, signal, failure: failing.signal, fail, key, enrolment },
    ...{ alone, standing, store, mark, keeping, gate, seals, containment },
    ...{ bus: new Bus(clock, log), book: new NodeBook(), turns: new Turns(), loop },
  };
}
