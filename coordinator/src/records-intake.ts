import type { JetStreamClient, JsMsg } from "@nats-io/jetstream";
import { consumers, splitRecordLines, streams, type NodeId, type Skew } from "@redline/shared";
import { pause, type Logger } from "@redline/daemon";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { isAborted } from "./is-aborted.ts";
import type { JournalStore } from "./journal-store.ts";
import { readRecord, type RecordGate, type ReadRecord } from "./record-gate.ts";
import type { SetAside } from "./set-aside.ts";

export const RECORD_RESULTS = ["taken", "duplicate", "malformed", "gap"] as const;
export type RecordResult = (typeof RECORD_RESULTS)[number];

export interface IntakePorts {
  readonly store: JournalStore;
  readonly gate: RecordGate;
  readonly enrolled: ReadonlySet<NodeId>;
  readonly clock: Clock;
  readonly bus: Pick<Bus, "upSinceMs" | "restartPeriods">;
  readonly log: Logger;
  readonly count: (result: RecordResult) => void;
  readonly setAside?: Pick<SetAside, "take">;
  /** Told of a node whose records are of another protocol. */
  readonly onSkew?: (node: NodeId, skew: Skew) => void;
}

/** How long a record waits for those before it: a node's outbox sends a failed one again within seconds. */
const GAP_WAIT_MS = 20_000;
/**
 * What waits is unacknowledged and takes room from everybody. A node that had this many waiting when a gap was given up has half the
 * patience with its next one, until it has gone so long without.
 */
const MANY_EARLY = 500;
const LEAST_WAIT_MS = 1000;
const FORGIVEN_MS = 600_000;
/** How long at most the records of a predecessor hold up the judgement of nodes. */
const CATCH_UP_MS = 15_000;
const BATCH = 256;
const FETCH_MS = 1000;
const RETRY_MS = 250;

interface Early {
  readonly read: ReadRecord;
  readonly ack: () => void;
  readonly sinceMs: number;
}

/**
 * Takes the nodes' records into the journal: each once, in the order of its node's chain, acknowledged only
 * when it is on disk. A message that is not acknowledged comes again and is known by its number.
 */
export class RecordsIntake {
  readonly #ports: IntakePorts;
  /** By node, then by number. */
  readonly #early = new Map<NodeId, Map<number, Early>>();
  readonly #patience = new Map<NodeId, { readonly waitMs: number; readonly atMs: number }>();
  readonly #writing = new Set<Promise<void>>();

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Runs until the signal aborts; a failed fetch is tried again for ever. Resolves when all that it took is acknowledged. */
  async run(js: JetStreamClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const consumer = await js.consumers.get(streams.records, consumers.records);
        const { delivered } = await consumer.info();
        const deadlineMs = this.#ports.clock.monoMs() + CATCH_UP_MS;
        let caughtUp = false;
        while (!isAborted(signal)) {
          const batch = await consumer.fetch({ max_messages: BATCH, expires: FETCH_MS });
          const stop = () => batch.stop();
          signal.addEventListener("abort", stop, { once: true });
          for await (const message of batch) this.take(message.subject, message.data, ackOf(message));
          signal.removeEventListener("abort", stop);
          this.takeOverdue();
          caughtUp ||=
            this.#ports.clock.monoMs() > deadlineMs ||
            (await consumer.info()).ack_floor.stream_seq >= delivered.stream_seq;
          // What a predecessor had in hand comes again late: until then a node is not silent, its end is on its way.
          if (!caughtUp) this.#ports.bus.restartPeriods();
        }
      } catch (error) {
        if (!isAborted(signal)) this.#ports.log.warn({ err: error }, "cannot fetch records; trying again");
        await pause(RETRY_MS, signal);
      }
    }
    await Promise.all(this.#writing);
  }

  /** Takes one message, of one line or several; `ack` is called when it need not come again. */
  take(subject: string, data: Uint8Array, ack: () => void): void {
    const lines = splitRecordLines(data);
    if (lines === null) {
      this.#refuse(subject, "more lines than a message may have", data);
      ack();
      return;
    }
    let left = lines.length;
    const one = () => {
      left -= 1;
      if (left === 0) ack();
    };
    for (const line of lines) this.#takeLine(subject, line, one);
  }

  #takeLine(subject: string, line: string, ack: () => void): void {
    const read = readRecord(subject, line, this.#ports.enrolled);
    if ("refused" in read) {
      if (read.other !== undefined) this.#ports.onSkew?.(read.other.node, read.other.skew);
      this.#refuse(subject, read.refused, line);
      ack();
      return;
    }
    this.#admit(read, ack, false);
    this.#takeFollowers(read.record.node, read.record.seq);
  }

  #refuse(subject: string, why: string, data: Uint8Array | string): void {
    const { setAside, log, count } = this.#ports;
    count("malformed");
    setAside?.take({ what: "record", why, subject, data });
    if (setAside === undefined) log.warn({ subject, why }, "record dropped");
  }

  #admit(read: ReadRecord, ack: () => void, evenEarly: boolean): void {
    const { store, gate, clock, log, count } = this.#ports;
    const { node, seq } = read.record;
    const early = this.#early.get(node) ?? new Map<number, Early>();
    const passage = gate.judge(read, evenEarly);
    if (passage.pass !== "early") early.delete(seq);
    switch (passage.pass) {
      case "duplicate":
        count("duplicate");
        // One that is being written is acknowledged when it is on disk.
        if (seq <= (store.state.taken.get(node) ?? 0)) ack();
        return;
      case "other-chain":
        count("malformed");
        log.error(
          { node, seq },
          "record of another chain: the node lost its journal; restore it or give the node a new id",
        );
        this.#setAside("record", "another chain under a number that was taken before", read);
        ack();
        return;
      case "early":
        // Not acknowledged: it comes again and again, and its wait counts from the first time.
        this.#early.set(node, early);
        early.set(seq, { read, ack, sinceMs: early.get(seq)?.sinceMs ?? clock.monoMs() });
        return;
      case "take":
        if (passage.missing > 0) {
          count("gap");
          log.error({ node, seq, missing: passage.missing }, "records before this one never came");
          this.#setAside("gap", `${passage.missing} records before this one never came; it was taken`, read);
        }
        if (passage.broken) {
          log.error({ node, seq }, "record does not link to the one before it");
          this.#setAside("chain", "it does not link to its node's record before it; it was taken", read);
        }
        if (passage.attemptBroken !== null) {
          log.error({ node, seq, why: passage.attemptBroken }, "record breaks the chain of its attempt");
          this.#setAside("chain", `record ${seq} ${passage.attemptBroken}; it was taken`, read);
        }
        this.#write(read, ack);
    }
  }

  #setAside(what: "record" | "gap" | "chain", why: string, { record, line }: ReadRecord): void {
    this.#ports.setAside?.take({ what, why, subject: `${record.node}#${record.seq}`, data: line });
  }

  #write({ record, line }: ReadRecord, ack: () => void): void {
    const { store, count } = this.#ports;
    const writing = store
      .commit({ kind: "node-record", node: record.node, seq: record.seq, line })
      .then(() => {
        count("taken");
        ack();
      })
      // The store has reported the failure and ends the process; what is not acknowledged comes again.
      .catch(() => undefined)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Takes the waiting records that follow this number without a gap. */
  #takeFollowers(node: NodeId, after: number): void {
    const of = this.#early.get(node);
    for (let seq = after + 1; ; seq += 1) {
      const next = of?.get(seq);
      if (next === undefined) return;
      this.#admit(next.read, next.ack, false);
      if (of?.has(seq) === true) return;
    }
  }

  /** Gives up on records that are missing for too long while the bus was up. */
  takeOverdue(): void {
    const { bus, clock } = this.#ports;
    const upSinceMs = bus.upSinceMs;
    if (upSinceMs === null) return;
    const nowMs = clock.monoMs();
    for (const [node, of] of this.#early) {
      const waitMs = this.#waitMs(node, nowMs);
      const overdue = [...of.values()]
        .filter(({ sinceMs }) => nowMs - Math.max(sinceMs, upSinceMs) > waitMs)
        .sort((a, b) => a.read.record.seq - b.read.record.seq);
      if (overdue.length > 0 && of.size > MANY_EARLY)
        this.#patience.set(node, { waitMs: Math.max(LEAST_WAIT_MS, waitMs / 2), atMs: nowMs });
      for (const { read, ack } of overdue) {
        if (!of.has(read.record.seq)) continue;
        this.#admit(read, ack, true);
        this.#takeFollowers(node, read.record.seq);
      }
      if (of.size === 0) this.#early.delete(node);
    }
  }

  #waitMs(node: NodeId, nowMs: number): number {
    const patience = this.#patience.get(node);
    return patience === undefined || nowMs - patience.atMs > FORGIVEN_MS ? GAP_WAIT_MS : patience.waitMs;
  }
}

const ackOf = (message: JsMsg) => () => message.ack();
