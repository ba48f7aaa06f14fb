import type { Demand, NodeId, StudyId, StudyView, TrialView } from "@redline/shared";
import { nodesOf } from "./attempt-facts.ts";

/**
 * Waiting trials in the order in which free slots are offered: a round over the studies, the one that
 * holds the fewest slots first, so that a large study cannot starve a small one.
 * @param active trials of each study that hold slots now.
 */
export function fairOrder(waiting: readonly TrialView[], active: ReadonlyMap<StudyId, number>): TrialView[] {
  const turns = new Map<StudyId, number>();
  return waiting
    .map((trial, index) => {
      const turn = turns.get(trial.study) ?? active.get(trial.study) ?? 0;
      turns.set(trial.study, turn + 1);
      return { trial, turn, index };
    })
    .sort((a, b) => a.turn - b.turn || a.index - b.index)
    .map(({ trial }) => trial);
}

/** What a waiting trial asks for. Null when its study names no such specimen: submission refuses such a study. */
export function demandOf(study: StudyView, trial: TrialView): Demand | null {
  const specimen = study.specimens[trial.specimen];
  if (specimen === undefined) return null;
  return {
    trial: trial.trial,
    shape: trial.shape,
    specimenSha256: specimen.sha256,
    originLabels: study.definition.devices.origin.labels,
    targetLabels: study.definition.devices.target.labels,
    realModel: study.definition.brains[trial.brain]?.provider !== "scripted",
    avoid: blamedNodes(trial),
  };
}

/** Nodes on which earlier attempts failed: the one that spoke up, or else all of the attempt. */
export function blamedNodes(trial: TrialView): Set<NodeId> {
  const failed = trial.attempts.filter((attempt) => attempt.fault !== null);
  return new Set(
    failed.flatMap((attempt) => {
      const named = attempt.refused?.node ?? attempt.lost?.node;
      return named === undefined ? nodesOf(attempt) : [named];
    }),
  );
}

/** Trials with equal needs: what is true of one's chances is true of all. */
export const classOf = (demand: Demand): string =>
  JSON.stringify([
    demand.shape,
    demand.specimenSha256,
    demand.realModel,
    Object.entries(demand.originLabels).sort(),
    Object.entries(demand.targetLabels).sort(),
  ]);

/** The first `perClass` demands of each class, in their order: no more of a class can get slots in one pass. */
export function firstOfEachClass(demands: readonly Demand[], perClass: number): Demand[] {
  const counts = new Map<string, number>();
  return demands.filter((demand) => {
    const name = classOf(demand);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count < Math.max(1, perClass);
  });
}
