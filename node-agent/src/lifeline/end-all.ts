import { performance } from "node:perf_hooks";
import type { EmptiedBy } from "@redline/shared";
import type { CellDriver } from "../cell/cell.ts";
import type { AttemptCancelled, AttemptFault } from "../attempts/attempt-fault.ts";
import type { Registry } from "../attempts/registry.ts";
import type { NodeLog } from "../journal/node-log.ts";

/** What ends everything stands on. */
export interface EndParts {
  readonly driver: Pick<CellDriver, "emptyAll" | "cells">;
  readonly registry: Registry;
  readonly log: NodeLog;
  /** Told right after the kills are sent: what builds cells of the node's own must build no more. */
  readonly onEnd?: (reason: Error) => void;
  /** Monotonic milliseconds; default the process's. */
  readonly nowMs?: () => number;
}

export interface Ended {
  readonly cells: number;
  /** Parts of attempts that were told to end by this call, and not before. */
  readonly parts: number;
  /** From `sinceMs` until no process was left. */
  readonly tookMs: number;
  /** Resolves when the parts are gone and have recorded their end; never rejects. */
  readonly done: Promise<unknown>;
}

/**
 * Ends every process of every cell, then every part. The kills are sent before anything else happens, so nothing that an
 * attempt, the journal or the bus holds can delay them.
 */
export async function endAll(
  { driver, registry, onEnd, nowMs = () => performance.now() }: EndParts,
  sinceMs: number,
  reason: AttemptFault | AttemptCancelled,
): Promise<Ended> {
  const emptied = driver.emptyAll();
  onEnd?.(reason);
  const parts = registry.all().filter((part) => !part.cancel.signal.aborted).length;
  const done = registry.end(() => true, reason);
  const { cells } = await emptied;
  return { cells, parts, tookMs: Math.max(0, nowMs() - sinceMs), done };
}

/** Records it, in whole tenths of a millisecond. */
export function recordEmptied(
  log: NodeLog,
  by: EmptiedBy,
  { cells, tookMs }: Pick<Ended, "cells" | "tookMs">,
  detail: string,
  key?: Parameters<NodeLog["write"]>[1],
): Promise<number> {
  const took = Math.round(tookMs * 10) / 10;
  return log.write({ kind: "emptied", by, cells, tookMs: took, detail: detail.slice(0, 300) }, key);
}
