import type { Projection } from "@redline/shared";
import { createApiClient } from "../source/api-client.ts";
import { addressOf, journalFileOf, type SourceOptions } from "../source/choose-source.ts";
import { JournalState } from "../source/journal-state.ts";
import { SealedAttempts, type SealedAttempt } from "./sealed-attempts.ts";

/** Reads a whole journal, its chain checked, and picks out what was sealed of one trial. */
export async function readSealedAttempts(
  options: SourceOptions,
  cwd: string,
  trial: string,
): Promise<{ readonly sealed: ReadonlyMap<number, SealedAttempt>; readonly projection: Projection }> {
  const attempts = new SealedAttempts(trial);
  const state = new JournalState((record, before) => attempts.take(record, before));
  const address = addressOf(options);
  if (address === null) {
    const { readJournalLines } = await import("@redline/daemon");
    await readJournalLines(await journalFileOf(options, cwd), (line) => void state.take([line]));
  } else {
    const client = createApiClient(address);
    for (;;) {
      const { lines, head } = await client.journal(state.head.seq, 0);
      state.take(lines);
      if (lines.length === 0 || state.head.seq >= head) break;
    }
  }
  return { sealed: attempts.all, projection: state.projection };
}
