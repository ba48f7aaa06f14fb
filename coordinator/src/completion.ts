import {
  adjudicate,
  evidenceOf,
  type Adjudication,
  type AttemptView,
  type CoordinatorRecordBody,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import { nodesOf } from "./attempt-facts.ts";

/**
 * Records that close a completed attempt: its adjudication under each profile, and, where a cell was not
 * proved gone, `invalid not-sterile` after it. The claims stay readable; the verdict does not count.
 */
export function completionOf(
  study: StudyView,
  trial: TrialView,
  attempt: AttemptView,
): CoordinatorRecordBody[] {
  const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
  const evidence = evidenceOf(attempt.records, trial.trial, attempt.attempt);
  const results = study.definition.profiles.map((profile) => bounded(adjudicate(evidence, profile)));
  return [{ kind: "adjudicated", key, results }, ...sterilityOf(trial, attempt)];
}

/** `invalid not-sterile` for an attempt with a cell that was not proved gone, else nothing. */
export function sterilityOf(trial: TrialView, attempt: AttemptView): CoordinatorRecordBody[] {
  const dirty = attempt.cells.filter((cell) => !cell.proof.clean);
  const unproved = nodesOf(attempt).filter((node) => !attempt.cells.some((cell) => cell.node === node));
  const detail = [
    ...dirty.map((c) => `the ${c.device} cell on ${c.node} left ${c.proof.left.join(", ") || "something"}`),
    ...unproved.map((node) => `${node} gave no proof that its cell is gone`),
  ].join("; ");
  if (detail === "") return [];
  const key = { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch };
  return [{ kind: "invalid", key, fault: "not-sterile", detail: detail.slice(0, 1000), retry: false }];
}

/** Reasons quote what the nodes saw and may be longer than the journal's limits. */
const bounded = (result: Adjudication): Adjudication => ({
  ...result,
  reason: result.reason.slice(0, 1500),
  claims: result.claims.map((claim) => ({ ...claim, reason: claim.reason.slice(0, 1000) })),
});
