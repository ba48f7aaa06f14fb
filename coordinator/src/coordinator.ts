import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, cutJournalAfter, pause, type Logger } from "@redline/daemon";
import type { BusParts } from "./bus-parts.ts";
import { openCoordinatorHttp, openTcpGate } from "./coordinator-http.ts";
import { ForkedError, StreamReplacedError } from "./journal-replica-follower.ts";
import { openCore } from "./open-core.ts";
import type { Settings } from "./settings.ts";
import { lockState } from "./state-lock.ts";
import { HOW_TO_KEEP, StreamMark } from "./stream-mark.ts";
import { workOnBus } from "./work-on-bus.ts";

const START_AGAIN_MS = 500;

/**
 * Runs the coordinator until the signal aborts: lock, key, journal, HTTP, then NATS, so that `/readyz` and
 * the journal can be read while the bus is away. One of a pair stands by until it may lead. Resolves when everything taken is
 * journalled and closed.
 * @throws StateLockedError, JournalBrokenError, ConfigError; and what made it stop when the journal can no longer be written.
 */
export async function runCoordinator(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  await mkdir(settings.REDLINE_STATE_DIR, { recursive: true, mode: 0o700 });
  const lock = await lockState(settings.REDLINE_STATE_DIR);
  try {
    for (;;)
      try {
        await runLocked(settings, log, ended);
        return;
      } catch (error) {
        if (error instanceof ForkedError) await cutAway(settings, error, log);
        else if (!(error instanceof StreamReplacedError)) throw error;
        else await pause(START_AGAIN_MS, ended);
        log.warn({ err: error }, "beginning anew");
      }
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

async function runLocked(settings: Settings, log: Logger, ended: AbortSignal): Promise<void> {
  const gate = await openTcpGate(settings, log);
  const core = await openCore(settings, log, ended);
  using _mark = core.mark;
  try {
    let parts: BusParts | null = null;
    await using http = await openCoordinatorHttp(core, gate, () => parts);
    await workOnBus(core, http.metrics, (built) => (parts = built));
  } finally {
    await core.store.close();
  }
  if (core.failure.aborted) throw new Error("stopped by a failure", { cause: core.failure.reason });
  log.info("coordinator ended");
}

/**
 * Moves lines that the leader's journal does not have beside the journal, where they were never on a stream and so never acted on.
 * @throws ConfigError where they were: that is for a person to decide.
 */
async function cutAway(
  { REDLINE_STATE_DIR: dir }: Settings,
  { keep }: ForkedError,
  log: Logger,
): Promise<void> {
  const acted = await StreamMark.read(dir);
  if (acted === null || acted > keep)
    throw new ConfigError(
      `the leader's journal goes another way after line ${keep}, and lines here up to ${acted ?? "the last"} were acted on. ` +
        `Which one holds is for you to decide: to follow the leader, move ${join(dir, "journal.jsonl")} away; ${HOW_TO_KEEP}`,
    );
  const to = join(dir, `journal.cut-${keep + 1}.jsonl`);
  const moved = await cutJournalAfter(join(dir, "journal.jsonl"), keep, to);
  log.warn({ moved, to }, "lines that the leader's journal does not have were moved away");
}
