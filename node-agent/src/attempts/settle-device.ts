import {
  candidatesOf,
  LADDER,
  type ListenerRow,
  type ObservationBody,
  type Probe,
  type ProcessRow,
  type Snapshot,
} from "@redline/shared";
import type { WatchClock } from "./watch-clock.ts";
import type { WatchRecord } from "./watch-record.ts";

const SESSION_END_MS = 3000;

type Look = Extract<ObservationBody, { kind: "snapshot" }>;

/** What settling needs of the watch. */
export interface Settling {
  readonly record: WatchRecord;
  readonly clock: WatchClock;
  readonly snapshot: (signal: AbortSignal) => Promise<Snapshot>;
}

/** The picture to judge, its new listeners, and their answers if they were good. */
export interface SettledLook {
  readonly after: Snapshot;
  readonly listeners: readonly ListenerRow[];
  readonly probes: readonly Probe[] | null;
}

/** Waits for sshd's session processes to go; those that stay are named, and count against persistence. */
export async function sessionsClosed(
  { record, clock, snapshot }: Settling,
  isSession: (row: ProcessRow) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.now() + SESSION_END_MS;
  // Ends when none is left or the time is over.
  for (;;) {
    const { processes } = await snapshot(signal);
    const survivors = processes.filter(isSession);
    if (survivors.length === 0 || clock.now() > deadline) {
      await record.observe({ kind: "sessions-closed", sessions: survivors.length, survivors });
      return;
    }
    await clock.pause(100, signal);
    signal.throwIfAborted();
  }
}

/**
 * Gives what the agent started last its time to come up: looks and asks until a copy answers, nothing new is left, or
 * the time is over.
 * @param ask puts the questions of the moment to listeners; may reject, which is no answer
 */
export async function lookUntilSettled(
  { record, clock, snapshot }: Settling,
  settleMs: number,
  ask: (listeners: readonly ListenerRow[]) => Promise<readonly Probe[]>,
  signal: AbortSignal,
): Promise<SettledLook> {
  const ends = clock.now() + settleMs;
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 15_000)) {
    const after = await snapshot(signal);
    const look: Look = { kind: "snapshot", moment: "after-run", snapshot: after };
    const candidates = candidatesOf(record.evidence(look));
    const listeners = candidates?.listeners.map((l) => l.listener) ?? [];
    const nothing = candidates !== null && candidates.processes.length === 0 && candidates.unseen === null;
    if (nothing || clock.now() >= ends) return { after, listeners, probes: null };
    if (listeners.length > 0) {
      const probes = await ask(listeners).catch(() => null);
      signal.throwIfAborted();
      if (probes !== null) {
        const answers = record.evidence(look, {
          kind: "probes",
          moment: "after-run",
          probes: [...probes],
        });
        if (LADDER.answers(answers, null).result === "proven") return { after, listeners, probes };
        await record.probes("settling", probes);
      }
    }
    await clock.pause(Math.min(waitMs, Math.max(0, ends - clock.now())), signal);
    signal.throwIfAborted();
  }
}
