import { CliError, EXIT } from "../exit-codes.ts";
import type { ApiClient } from "./api-client.ts";
import type { JournalState } from "./journal-state.ts";

/** Longest the coordinator may hold one question. */
const WAIT_MS = 5000;
/** A coordinator that restarts is waited for. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 500;

export interface FollowedJournal {
  /** Resolves when everything that was there at first is taken in; rejects as `failed` does. */
  readonly caughtUp: Promise<void>;
  /** Never resolves; rejects with the signal's reason, or with what ended the following. */
  readonly failed: Promise<never>;
  /** Resolves at the next records. */
  readonly changed: () => Promise<void>;
}

/**
 * Takes a journal in for as long as the signal lets it. It ends by itself only when the coordinator stays away for longer than the
 * patience, or when the journal does not verify.
 */
export function followJournal(
  client: Pick<ApiClient, "journal">,
  state: JournalState,
  options: {
    readonly signal: AbortSignal;
    readonly now: () => number;
    readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  },
): FollowedJournal {
  const { signal, now, pause } = options;
  let waiting: (() => void)[] = [];
  let caughtUp: () => void = () => undefined;
  const there = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  const follow = async (): Promise<never> => {
    let heard = now();
    let waitMs = 0;
    for (;;) {
      signal.throwIfAborted();
      try {
        const { lines, head } = await client.journal(state.head.seq, waitMs, signal);
        heard = now();
        state.take(lines);
        if (state.head.seq >= head) {
          waitMs = WAIT_MS;
          caughtUp();
        }
        if (lines.length === 0) continue;
        const told = waiting;
        waiting = [];
        for (const tell of told) tell();
      } catch (error) {
        signal.throwIfAborted();
        const away = error instanceof CliError && error.code === EXIT.unreachable;
        if (!away || now() - heard > PATIENCE_MS) throw error;
        await pause(RETRY_MS, signal);
      }
    }
  };
  const failed = follow();
  const ready = Promise.race([there, failed]);
  // Either may end while nobody listens.
  failed.catch(() => undefined);
  ready.catch(() => undefined);
  return {
    caughtUp: ready,
    failed,
    changed: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
      }),
  };
}
