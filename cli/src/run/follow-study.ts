import type { CoordinatorRecord, StudyId } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import type { ApiClient } from "../source/api-client.ts";
import type { JournalState } from "../source/journal-state.ts";

/** Longest the coordinator may hold one question. */
const WAIT_MS = 5000;
/** A coordinator that restarts is waited for; running attempts do not need it. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 500;

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly onRecords: (records: readonly CoordinatorRecord[]) => void;
  readonly now: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly patienceMs?: number;
}

/**
 * Takes the journal in until the study's end is in it. Ends by rejecting when the signal aborts, when the
 * coordinator stays away for longer than the patience, or when the journal does not verify.
 */
export async function followStudy(
  client: ApiClient,
  state: JournalState,
  study: StudyId,
  options: FollowOptions,
): Promise<void> {
  const { signal, patienceMs = PATIENCE_MS } = options;
  let heard = options.now();
  while ((state.projection.studies.get(study)?.endedAt ?? null) === null) {
    signal.throwIfAborted();
    try {
      const { lines } = await client.journal(state.head.seq, WAIT_MS, signal);
      heard = options.now();
      if (lines.length > 0) options.onRecords(state.take(lines));
    } catch (error) {
      signal.throwIfAborted();
      const away = error instanceof CliError && error.code === EXIT.unreachable;
      if (!away || options.now() - heard > patienceMs) throw error;
      await options.pause(RETRY_MS, signal);
    }
  }
}
