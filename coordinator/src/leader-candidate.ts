import { randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { subjects } from "@redline/shared";
import { ConfigError, JournalBrokenError, pause, type Logger } from "@redline/daemon";
import { isAborted } from "./is-aborted.ts";
import { ForkedError, JournalFollower, StreamReplacedError } from "./journal-replica-follower.ts";
import { askOlder } from "./journal-replica-older.ts";
import { LeaderKey, type LeaderSeen } from "./leader-key.ts";
import type { CandidatePorts } from "./leader-ports.ts";
import { ledFile, noteLed, takeLead } from "./leader-take.ts";
import type { LeaderTerm } from "./leader-term.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { OwnNameWatch } from "./own-name-watch.ts";

const LOOK_MS = 250;
const HINT_MS = 20;

/**
 * Follows the leader's journal until this coordinator may lead itself: the place is free, its own from before, or its holder is
 * gone; and every line of the stream is here. Null when the signal aborted first. What fails is logged and tried again for ever,
 * but for what this throws.
 * @throws ForkedError, StreamReplacedError: start again, after the cut; JournalBrokenError; ConfigError: another one has this name.
 */
export async function standBy(ports: CandidatePorts, signal: AbortSignal): Promise<LeaderTerm | null> {
  const { connection, js, jsm, secret, store, bus, name, standing, clock, log } = ports;
  const key = new LeaderKey(js, jsm, secret);
  const watch = new LeaderWatch();
  const ownName = new OwnNameWatch();
  if (ports.mark.wasAlone) await noteLed(ports);
  const start = randomUUID();
  const follower = new JournalFollower({
    store,
    jsm,
    secret,
    log,
    onStream: (seq) => ports.mark.note(seq),
    older: (after) => {
      if (standing.leader === null || standing.leader === name)
        throw new Error("nobody leads who could be asked for older lines");
      return askOlder(connection, { from: name, leader: standing.leader }, after, signal);
    },
  });
  let hint = new AbortController();
  const hints = connection.subscribe(subjects.journal(secret.token), { callback: () => hint.abort() });
  signal.addEventListener("abort", () => hint.abort(), { once: true });
  const quietly = new Complaints(log);
  const startedMs = clock.monoMs();
  let seen: LeaderSeen | null = null;
  let [gone, left] = [false, false];
  let lookedMs = -Infinity;
  try {
    while (!isAborted(signal)) {
      hint = new AbortController();
      if (clock.monoMs() - lookedMs >= LOOK_MS) {
        seen = await key.read().catch((error: unknown) => quietly.say(error, "cannot see who leads"));
        lookedMs = clock.monoMs();
        gone = watch.isGone(seen, lookedMs);
        left = leftByOwn(ownName, ports, start, seen, lookedMs);
        await noteLeader(ports, seen);
      }
      standing.caughtUp = await caughtUp(follower, quietly);
      if (seen !== null && standing.caughtUp && bus.upSinceMs !== null) {
        const holder = seen.leader;
        const mayLead =
          holder === null
            ? // A value that nobody can read may stand in a leader's place: it would write again.
              (seen.revision === 0 || gone) && (await mayBegin(ports, follower, clock.monoMs() - startedMs))
            : left || holder.free || gone;
        const term = mayLead ? await takeLead(ports, key, { start, seen, follower }, signal) : null;
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

async function noteLeader({ name, standing, dir, log }: CandidatePorts, seen: LeaderSeen | null) {
  const leader = seen?.leader ?? null;
  if (leader === null) return;
  const now = leader.free ? null : leader.name;
  if (now === standing.leader) return;
  standing.leader = now;
  if (now === null || now === name) return;
  log.info({ leader: now, term: leader.term }, "standing by");
  await rm(ledFile(dir), { force: true });
}

/**
 * Nobody ever led on this bus. Whoever led last before the bus forgot it goes first: its journal is the longest. Any other may have
 * less than the one that is still to come, an empty one above all.
 */
async function mayBegin(
  { store, dir, otherWaitMs }: CandidatePorts,
  follower: JournalFollower,
  waitedMs: number,
) {
  if (follower.lineSeq > 0 || waitedMs > otherWaitMs) return true;
  return store.head().seq > 0 && (await stat(ledFile(dir)).catch(() => null)) !== null;
}

/** Whether the place is this coordinator's own from before. @throws ConfigError when another one with the same name holds it. */
function leftByOwn(
  watch: OwnNameWatch,
  { name }: CandidatePorts,
  start: string,
  seen: LeaderSeen | null,
  nowMs: number,
): boolean {
  if (seen === null) return false;
  const { leader, revision } = seen;
  const own = leader !== null && leader.name === name && !leader.free;
  // Taken by this start, and the answer was lost.
  if (own && leader.start === start) return true;
  const said = watch.look(own ? revision : null, nowMs);
  if (said === "in use")
    throw new ConfigError(
      `another coordinator named ${name} leads on this bus: give each of a pair a name of its own with REDLINE_COORDINATOR_NAME`,
    );
  return said === "left";
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
