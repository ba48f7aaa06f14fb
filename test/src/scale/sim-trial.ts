import type { RunOrder } from "@redline/shared";
import { pause } from "@redline/daemon";
import type { RunningPart } from "../../../node-agent/dist/attempts/registry.js";
import type { NodeLog } from "../../../node-agent/dist/journal/node-log.js";
import type { Sealer } from "../../../node-agent/dist/journal/sealer.js";

export interface SimTrialParts {
  readonly log: NodeLog;
  readonly sealer: Pick<Sealer, "seal">;
  /** How long the "agent" works, ms; 0: an empty trial, which writes nothing but what closes an attempt. */
  readonly workMs: (trial: string) => number;
}

const CLEAN = {
  ...{ clean: true, processes: 0, namespaces: 0, interfaces: 0, mounts: 0, listeners: 0 },
  ...{ tookMs: 0, left: [] },
};

/** What an origin's daemon journals of a local attempt, in the order in which it does, without a cell. Never rejects but with the journal. */
export async function leadSimTrial(
  order: RunOrder,
  { log, sealer, workMs }: SimTrialParts,
  part: RunningPart,
): Promise<void> {
  const { key } = order;
  const ms = workMs(key.trial);
  part.phase = "run";
  if (ms > 0) {
    await pause(ms, part.cancel.signal);
    await Promise.all([
      log.write({ kind: "phase", phase: "run", ms }, key, "soon"),
      log.write({ kind: "run-ended", end: "finished", detail: "", turns: 1, tokens: 10 }, key, "soon"),
    ]);
  }
  const outcome = part.cancel.signal.aborted ? "cancelled" : "completed";
  const cell = `${key.trial}.${key.attempt}`;
  await Promise.all([
    log.write({ kind: "cell-gone", device: "origin", cell, proof: CLEAN }, key),
    log.write({ kind: "attempt-ended", outcome, detail: "" }, key),
    sealer.seal(order.study, key, log),
    log.write({ kind: "device-closed", device: "origin" }, key),
  ]);
}
