import { randomUUID } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { streams, subjects, type CoordinatorName } from "@redline/shared";
import { ConfigError, JournalBrokenError, pause, type Logger } from "@redline/daemon";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { isAborted } from "./is-aborted.ts";
import { ForkedError, JournalFollower, StreamReplacedError } from "./journal-replica-follower.ts";
import { encodeMessage } from "./journal-replica-message.ts";
import { askOlder, serveOlder } from "./journal-replica-older.ts";
import { JournalPublisher } from "./journal-replica.ts";
import type { JournalStore } from "./journal-store.ts";
import { LeaderKey, type LeaderSeen } from "./leader-key.ts";
import { LeaderTerm } from "./leader-term.ts";
import { LeaderWatch } from "./leader-watch.ts";

/** What this coordinator is at the moment, for its HTTP API. */
export interface Standing {
  leads: boolean;
  /** Who leads, as far as this one knows. */
  leader: CoordinatorName | null;
  /** Whether every line of the stream is in this journal. */
  caughtUp: boolean;
}

export interface CandidatePorts {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly store: JournalStore;
  readonly bus: Pick<Bus, "upSinceMs">;
  readonly name: CoordinatorName;
  /** Of the key that commands are signed with. */
  readonly keyid: string;
  readonly version: string;
  readonly dir: string;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when this coordinator, once leading, must not lead any more. */
  readonly fail: (error: unknown) => void;
}

const LOOK_MS = 250;
const HINT_MS = 20;
/** A bus that forgot everything, and a journal here that another one led last: that one may have more, and is waited for. */
const LONGER_MS = 10_000;
/** With an empty stream the newest lines go out; a standby asks the leader for the others. */
const NEWEST = 1000;

/**
 * Follows the leader's journal until this coordinator may lead itself: the place is free, its own from before, or its holder is
 * gone; and every line of the stream is here. Null when the signal aborted first. What fails is logged and tried again for ever,
 * but for what this throws.
 * @throws ForkedError, StreamReplacedError: start again, after the cut; JournalBrokenError, ConfigError.
 */
export async function standBy(ports: CandidatePorts, signal: AbortSignal): Promise<LeaderTerm | null> {
  const { connection, js, jsm, store, bus, name, standing, clock, log } = ports;
  const key = new LeaderKey(js, jsm);
  const watch = new LeaderWatch();
  const start = randomUUID();
  const follower = new JournalFollower({
    store,
    jsm,
    log,
    older: (after) => {
      if (standing.leader === null || standing.leader === name)
        throw new Error("nobody leads who could be asked for older lines");
      return askOlder(connection, { from: name, leader: standing.leader }, after, signal);
    },
  });
  let hint = new AbortController();
  const hints = connection.subscribe(subjects.journal, { callback: () => hint.abort() });
  signal.addEventListener("abort", () => hint.abort(), { once: true });
  const quietly = new Complaints(log);
  const startedMs = clock.monoMs();
  let seen: LeaderSeen | null = null;
  let gone = false;
  let lookedMs = -Infinity;
  try {
    while (!isAborted(signal)) {
      hint = new AbortController();
      if (clock.monoMs() - lookedMs >= LOOK_MS) {
        seen = await key.read().catch((error: unknown) => quietly.say(error, "cannot see who leads"));
        lookedMs = clock.monoMs();
        gone = watch.isGone(seen, lookedMs);
        await noteLeader(ports, seen);
      }
      standing.caughtUp = await caughtUp(follower, quietly);
      if (seen !== null && standing.caughtUp && bus.upSinceMs !== null) {
        const holder = seen.leader;
        const mayLead =
          holder === null
            ? await mayBegin(ports, follower, clock.monoMs() - startedMs)
            : holder.name === name || holder.free || gone;
        const term = mayLead ? await take(ports, key, { start, seen, follower }, signal) : null;
        if (term !== null) return term;
        if (mayLead) lookedMs = -Infinity;
      }
      await pause(HINT_MS, signal);
      await pause(LOOK_MS, hint.signal);
    }
    return null;
  } finally {
    hints.unsubscribe();
  }
}

/** True when every line of the stream is here. */
async function caughtUp(follower: JournalFollower, quietly: Complaints): Promise<boolean> {
  try {
    await follower.catchUp();
    return true;
  } catch (error) {
    const last = [ForkedError, StreamReplacedError, JournalBrokenError].some((kind) => error instanceof kind);
    if (last) throw error;
    quietly.say(error, "the leader's journal could not be followed; trying again");
    return false;
  }
}

async function noteLeader({ name, keyid, standing, dir, log }: CandidatePorts, seen: LeaderSeen | null) {
  const leader = seen?.leader ?? null;
  if (leader === null) return;
  if (leader.keyid !== keyid)
    throw new ConfigError(
      `${leader.name} signs with another key than this coordinator; give both the same file with REDLINE_SIGNING_KEY_FILE`,
    );
  const now = leader.free ? null : leader.name;
  if (now === standing.leader) return;
  standing.leader = now;
  if (now === null || now === name) return;
  log.info({ leader: now, term: leader.term }, "standing by");
  await rm(join(dir, LED_FILE), { force: true });
}

const LED_FILE = "led-last";

/** Nobody ever led on this bus. Whoever led last before the bus forgot it goes first: its journal is the longest. */
async function mayBegin({ store, dir }: CandidatePorts, follower: JournalFollower, waitedMs: number) {
  if (store.head().seq === 0 || follower.lineSeq > 0 || waitedMs > LONGER_MS) return true;
  const led = await stat(join(dir, LED_FILE)).catch(() => null);
  return led !== null;
}

interface Chance {
  readonly start: string;
  readonly seen: LeaderSeen;
  readonly follower: JournalFollower;
}

/** Takes the place, fences off whoever had it, and opens a term in the journal. Null when another one was faster. */
async function take(
  ports: CandidatePorts,
  key: LeaderKey,
  { start, seen, follower }: Chance,
  signal: AbortSignal,
): Promise<LeaderTerm | null> {
  const { connection, js, jsm, store, name, keyid, version, dir, standing, clock, log, fail } = ports;
  const number = (seen.leader?.term ?? 0) + 1;
  const at = clock.now().toISOString();
  const leader = { v: 1 as const, name, start, term: number, at, keyid, free: false };
  const sentMs = clock.monoMs();
  const revision = await key.write(leader, seen.revision).catch((error: unknown) => {
    log.warn({ err: error }, "the place of the leader could not be taken; trying again");
    return null;
  });
  if (revision === null) return null;
  const lost = new AbortController();
  const over = AbortSignal.any([signal, lost.signal]);
  const term = new LeaderTerm(key, leader, { revision, sentMs }, clock, log);
  term.keep((error) => {
    lost.abort(error);
    fail(error);
  }, signal);
  log.info({ term: number, before: seen.leader?.name ?? null }, "taking the lead");

  await fence(ports, follower, { by: name, start }, over);
  const writer = { by: name, start };
  const publisher = new JournalPublisher(follower.position, {
    js,
    jsm,
    writer,
    leads: () => term.holds(),
    log,
    signal: over,
  });
  await publishMissing(store, follower.lineSeq, publisher, log);
  await writeFile(join(dir, LED_FILE), `${name}\n`);
  store.lead(publisher);
  await store.commit({ kind: "coordinator-started", epoch: store.state.epoch + 1, version });
  serveOlder(connection, store.reader, name, log, over);
  standing.leads = true;
  standing.leader = name;
  return term;
}

/**
 * Writes a message without lines at the end of the stream: what the leader before still had under way comes too late from then on.
 * Ends when it is there and everything before it is here. @throws when the signal aborts.
 */
async function fence(
  { js, store, log }: CandidatePorts,
  follower: JournalFollower,
  writer: { readonly by: string; readonly start: string },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await follower.catchUp();
      const last = follower.position;
      const head = { v: 1 as const, ...writer, first: store.head().seq + 1, part: 0, parts: 1 };
      const data = encodeMessage({ head, bytes: Buffer.alloc(0) });
      await js.publish(subjects.journal, data, { expect: { lastSequence: last }, timeout: 1000 });
      await follower.catchUp();
      if (follower.position === last + 1) return;
    } catch (error) {
      if (error instanceof ForkedError || error instanceof StreamReplacedError) throw error;
      log.warn({ err: error }, `stream ${streams.journal} could not be closed to others; trying again`);
      await pause(HINT_MS, signal);
    }
  }
}

/** Lines of the own journal that the stream does not have: it ended between disk and stream, or the bus lost its store. */
async function publishMissing(
  store: JournalStore,
  lineSeq: number,
  publisher: JournalPublisher,
  log: Logger,
): Promise<void> {
  const head = store.head().seq;
  let after = lineSeq === 0 ? Math.max(0, head - NEWEST) : lineSeq;
  if (after < head) log.warn({ from: after + 1, to: head }, "the stream gets lines that it does not have");
  while (after < head) {
    const lines = await store.reader.read(after);
    const from = after;
    await Promise.all(lines.map((line, i) => publisher.publish(line, from + i + 1)));
    after += lines.length;
  }
}

/** Says what is wrong once, and again when it is something else. */
class Complaints {
  readonly #log: Logger;
  #last = "";

  constructor(log: Logger) {
    this.#log = log;
  }

  say(error: unknown, what: string): null {
    const text = `${what} ${String(error)}`;
    if (text !== this.#last) this.#log.warn({ err: error }, what);
    this.#last = text;
    return null;
  }
}
