import {
  FAULTS,
  needsKey,
  type AttemptView,
  type Needs,
  type NodeId,
  type Projection,
  type StudyId,
  type StudyView,
  type TrialView,
  type WaitingQueue,
  type WaitingTrial,
} from "@redline/shared";
import { nodesOf } from "./attempt-facts.ts";

/**
 * Queues of the trials that wait, of studies that are neither paused nor unknown: one for each study and kind of needs, studies in the order in
 * which they came. Trials of a paused study wait for a person, however long.
 * @param trials that are not final, in any order; of those that wait any cut will do
 */
export function waitingQueues(state: Projection, trials: Iterable<TrialView>): WaitingQueue[] {
  const studies = new Map<StudyId, { waiting: TrialView[]; active: number }>();
  for (const trial of trials) {
    let counts = studies.get(trial.study);
    if (counts === undefined) studies.set(trial.study, (counts = { waiting: [], active: 0 }));
    if (trial.state === "waiting") counts.waiting.push(trial);
    else counts.active += 1;
  }
  return [...studies]
    .flatMap(([id, { waiting, active }]) => {
      const study = state.studies.get(id);
      return study === undefined || study.paused !== null || waiting.length === 0
        ? []
        : [{ study, active, waiting: inOrder(waiting) }];
    })
    .sort((a, b) => byText(a.study.submittedAt, b.study.submittedAt) || byText(a.study.id, b.study.id))
    .flatMap(({ study, waiting, active }) => queuesOfStudy(study, waiting, active));
}

/** Trials of one study as it numbers them: `<study>-007`, with more digits from 1000 on. */
function inOrder(trials: TrialView[]): TrialView[] {
  const isSorted = trials.every((trial, i) => i === 0 || byNumber(trials[i - 1] ?? trial, trial) <= 0);
  return isSorted ? trials : trials.sort(byNumber);
}
const byNumber = (a: TrialView, b: TrialView): number =>
  a.trial.length - b.trial.length || byText(a.trial, b.trial);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Queues of one study. @param waiting in the order of its trials, or any cut of that: what is not here is not placed. */
export function queuesOfStudy(
  study: StudyView,
  waiting: readonly TrialView[],
  active: number,
): WaitingQueue[] {
  const queues = new Map<string, { readonly needs: Needs; readonly waiting: WaitingTrial[] }>();
  const arms = new Map<string, ReturnType<typeof queues.get>>();
  waiting.forEach((trial, order) => {
    let queue = arms.get(trial.arm);
    if (queue === undefined) {
      const needs = needsOf(study, trial);
      if (needs === null) return;
      const key = needsKey(needs);
      queue = queues.get(key) ?? { needs, waiting: [] };
      queues.set(key, queue);
      arms.set(trial.arm, queue);
    }
    queue.waiting.push({ trial: trial.trial, order, avoid: blamedNodes(trial) });
  });
  const { priority } = study.definition;
  return [...queues.values()].map((queue) => ({ study: study.id, priority, active, ...queue }));
}

/** What a waiting trial asks for; the same for all of an arm. Null when its study names no such specimen: submission refuses such a study. */
export function needsOf(study: StudyView, trial: TrialView): Needs | null {
  const specimen = study.specimens[trial.specimen];
  if (specimen === undefined) return null;
  const { devices, brains, specimens } = study.definition;
  return {
    shape: trial.shape,
    specimenSha256: specimen.sha256,
    sharedWeights: specimens[trial.specimen]?.weights === "shared",
    origin: devices.origin,
    target: devices.target,
    realModel: brains[trial.brain]?.provider !== "scripted",
  };
}

const NOBODY: ReadonlySet<NodeId> = new Set();

/** Nodes on which earlier attempts failed, as far as a fault speaks against a node at all. */
export function blamedNodes(trial: TrialView): ReadonlySet<NodeId> {
  if (trial.attempts.length === 0) return NOBODY;
  return new Set(trial.attempts.flatMap(blamedOf));
}

/**
 * Whom an attempt's fault speaks against: the node that was not heard, or the one that reported it. Where the journal names none, all of
 * the attempt: one of them it was.
 */
export function blamedOf(attempt: AttemptView): readonly NodeId[] {
  const { fault, refused, lost, partEnded, detail, devices } = attempt;
  if (fault === null) return [];
  const nodes = nodesOf(attempt);
  const orAll = (named: readonly NodeId[]) => (named.length === 0 ? nodes : named);
  switch (FAULTS[fault].blame) {
    case "none":
    case "lab":
      return [];
    case "silent": {
      // The judge's own words.
      const words: ReadonlySet<string> = new Set(detail.split(/[^a-z0-9-]+/));
      return orAll(nodes.filter((node) => words.has(node)));
    }
    case "said": {
      const early = partEnded?.fault === fault ? partEnded : null;
      const node = (refused ?? lost ?? early)?.node;
      if (node !== undefined) return [node];
      // The origin's daemon ends every attempt that it leads; what another daemon told it begins with that one's name.
      const told = nodes.filter((name) => detail.startsWith(`${name}: `));
      return told.length === 0 && attempt.outcome !== null ? [devices.origin] : orAll(told);
    }
  }
}
