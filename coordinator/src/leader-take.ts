import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { streams, subjects } from "@redline/shared";
import { JournalBrokenError, pause, type Logger } from "@redline/daemon";
import { isAborted } from "./is-aborted.ts";
import { ForkedError, StreamReplacedError, type JournalFollower } from "./journal-replica-follower.ts";
import { encodeMessage } from "./journal-replica-message.ts";
import { serveOlder } from "./journal-replica-older.ts";
import { JournalPublisher } from "./journal-replica.ts";
import type { JournalStore } from "./journal-store.ts";
import type { LeaderKey, LeaderSeen } from "./leader-key.ts";
import type { CandidatePorts } from "./leader-ports.ts";
import { LeaderTerm } from "./leader-term.ts";

const RETRY_MS = 20;
/** With an empty stream the newest lines go out; a standby asks the leader for the others. */
const NEWEST = 1000;
/** An orderly end leaves what is under way so long to get to the stream. */
const GRACE_MS = 10_000;

/** There while this coordinator was the last to lead, as far as it knows. */
export const ledFile = (dir: string) => join(dir, "led-last");

export const noteLed = ({ dir, name }: Pick<CandidatePorts, "dir" | "name">) =>
  writeFile(ledFile(dir), `${name}\n`);

interface Chance {
  readonly start: string;
  readonly seen: LeaderSeen;
  readonly follower: JournalFollower;
}

/**
 * Takes the place, fences off whoever had it, and opens a term in the journal. Null when another one was faster, or the signal aborted.
 * What it throws leaves the place free again.
 */
export async function takeLead(
  ports: CandidatePorts,
  key: LeaderKey,
  { start, seen, follower }: Chance,
  signal: AbortSignal,
): Promise<LeaderTerm | null> {
  const { name, clock, log, fail } = ports;
  const number = (seen.leader?.term ?? 0) + 1;
  const at = clock.now().toISOString();
  const leader = { v: 1 as const, name, start, term: number, at, free: false };
  const sentMs = clock.monoMs();
  const revision = await key.write(leader, seen.revision).catch((error: unknown) => {
    log.warn({ err: error }, "the place of the leader could not be taken; trying again");
    return null;
  });
  if (revision === null) return null;
  const lost = new AbortController();
  const givenUp = new AbortController();
  const term = new LeaderTerm(key, leader, { revision, sentMs }, clock, log);
  term.keep(
    (error) => {
      lost.abort(error);
      fail(error);
    },
    // What is under way at an orderly end is still led; `free` ends it, or the grace.
    AbortSignal.any([later(signal, GRACE_MS), givenUp.signal]),
  );
  log.info({ term: number, before: seen.leader?.name ?? null }, "taking the lead");
  try {
    await openTerm(ports, { by: name, start }, follower, term, { ended: signal, lost: lost.signal });
    return term;
  } catch (error) {
    givenUp.abort();
    await term.free();
    if (isAborted(signal) && !isAborted(lost.signal)) return null;
    throw error;
  }
}

interface TermEnds {
  readonly ended: AbortSignal;
  readonly lost: AbortSignal;
}

async function openTerm(
  ports: CandidatePorts,
  writer: { readonly by: string; readonly start: string },
  follower: JournalFollower,
  term: LeaderTerm,
  { ended, lost }: TermEnds,
): Promise<void> {
  const { connection, js, jsm, store, mark, secret, name, version, standing, log } = ports;
  const over = AbortSignal.any([ended, lost]);
  await fence(ports, follower, writer, over);
  const publisher = new JournalPublisher(follower.position, {
    ...{ js, jsm, writer, secret, log },
    leads: () => term.holds(),
    onStream: (seq) => mark.note(seq),
    signal: AbortSignal.any([lost, later(ended, GRACE_MS)]),
  });
  await publishMissing(store, follower.lineSeq, publisher, log);
  await noteLed(ports);
  store.lead(publisher);
  await store.commit({ kind: "coordinator-started", epoch: store.state.epoch + 1, version });
  serveOlder(connection, store.reader, name, log, over);
  standing.leads = true;
  standing.leader = name;
}

/** Aborts so long after `signal` did. */
function later(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  const start = () => setTimeout(() => late.abort(signal.reason), ms).unref();
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return late.signal;
}

/**
 * Writes a message without lines at the end of the stream: what the leader before still had under way comes too late from then on.
 * Ends when it is there and everything before it is here. @throws when the signal aborts.
 */
async function fence(
  { js, store, secret, log }: CandidatePorts,
  follower: JournalFollower,
  writer: { readonly by: string; readonly start: string },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await follower.catchUp();
      const end = follower.position;
      const head = { v: 1 as const, ...writer, first: store.head().seq + 1, part: 0, parts: 1 };
      const data = encodeMessage({ head, bytes: Buffer.alloc(0) }, secret);
      await js.publish(subjects.journal(secret.token), data, {
        expect: { lastSequence: end },
        timeout: 1000,
      });
      await follower.catchUp();
      if (follower.position === end + 1) return;
    } catch (error) {
      const last = [ForkedError, StreamReplacedError, JournalBrokenError].some(
        (kind) => error instanceof kind,
      );
      if (last) throw error;
      log.warn({ err: error }, `stream ${streams.journal} could not be closed to others; trying again`);
      await pause(RETRY_MS, signal);
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
