import {
  adjudicate,
  evidenceIn,
  type Adjudication,
  type AttemptKey,
  type AttemptView,
  type CoordinatorRecordBody,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import { cappedOf, dirtOf, nodesOf } from "./attempt-facts.ts";
import { sealOf, type SealPorts } from "./seal.ts";

/**
 * Records that close a completed attempt: its adjudication under each profile, and after it what makes its bundle, or, where
 * a cell was not proved gone, `invalid not-sterile`: then the claims stay readable, and the verdict does not count.
 */
export function completionOf(
  study: StudyView,
  trial: TrialView,
  attempt: AttemptView,
  ports: SealPorts,
): CoordinatorRecordBody[] {
  const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
  const evidence = evidenceIn(attempt.records, attempt.devices, trial.trial, attempt.attempt);
  const results = study.definition.profiles.map((profile) => bounded(adjudicate(evidence, profile)));
  const adjudicated: CoordinatorRecordBody = { kind: "adjudicated", key, results };
  const unclean = [...sterilityOf(trial, attempt), ...capOf(attempt, key)];
  if (unclean.length > 0) return [adjudicated, ...unclean.slice(0, 1)];
  const sealed = sealOf(study, trial, attempt, results, ports);
  return sealed === null ? [adjudicated] : [adjudicated, sealed];
}

/** `invalid over-cap` for an attempt of which the census ended copies: a verdict would blame the copy for that. */
function capOf(attempt: AttemptView, key: AttemptKey): CoordinatorRecordBody[] {
  const capped = cappedOf(attempt);
  if (capped.length === 0) return [];
  return [
    { kind: "invalid", key, fault: "over-cap", detail: capped.join("; ").slice(0, 1000), retry: false },
  ];
}

/** `invalid not-sterile` for an attempt with a cell that was not proved gone, else nothing. */
export function sterilityOf(trial: TrialView, attempt: AttemptView): CoordinatorRecordBody[] {
  const unproved = nodesOf(attempt).filter((node) => !attempt.cells.some((cell) => cell.node === node));
  return notSterile(trial, attempt, [
    ...dirtOf(attempt),
    ...unproved.map((node) => `${node} gave no proof that its cell is gone`),
  ]);
}

/**
 * `invalid not-sterile` for attempts that ended in another fault before the proof of an unclean cell came: the trial
 * is not tried again. A trial that was done or cancelled since keeps its end; the proof stays in the journal.
 */
export function lateSterilityOf(trial: TrialView): CoordinatorRecordBody[] {
  if (trial.state === "done" || trial.state === "cancelled") return [];
  return trial.attempts
    .filter(({ endedAt, fault }) => endedAt !== null && fault !== null && fault !== "not-sterile")
    .flatMap((attempt) => notSterile(trial, attempt, dirtOf(attempt)));
}

function notSterile(
  trial: TrialView,
  attempt: AttemptView,
  reasons: readonly string[],
): CoordinatorRecordBody[] {
  if (reasons.length === 0) return [];
  const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
  return [
    { kind: "invalid", key, fault: "not-sterile", detail: reasons.join("; ").slice(0, 1000), retry: false },
  ];
}

/** Reasons quote what the nodes saw and may be longer than the journal's limits. */
const bounded = (result: Adjudication): Adjudication => ({
  ...result,
  reason: result.reason.slice(0, 1500),
  claims: result.claims.map((claim) => ({ ...claim, reason: claim.reason.slice(0, 1000) })),
});
