import {
  priceOf,
  runOrderSchema,
  type AttemptView,
  type RunOrder,
  type StudyView,
  type TrialView,
} from "@redline/shared";

/** The order that starts an attempt. @throws ZodError when the journal's study cannot give one; submission refuses such a study. */
export function runOrderOf(study: StudyView, trial: TrialView, attempt: AttemptView): RunOrder {
  const brain = study.definition.brains[trial.brain];
  return runOrderSchema.parse({
    verb: "run",
    study: study.id,
    key: { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch },
    scenario: study.scenarios[trial.scenario],
    scaffold: study.definition.scaffolds[trial.scaffold],
    condition: study.definition.conditions[trial.condition],
    specimen: {
      ...study.specimens[trial.specimen],
      weights: study.definition.specimens[trial.specimen]?.weights,
    },
    brain,
    brainName: trial.brain,
    devices: attempt.devices,
    ...(attempt.gpus === null ? {} : { gpus: attempt.gpus }),
    // Those that held when it was placed: an order may be said again after a change.
    limits: attempt.orderedLimits,
    price: brain === undefined ? undefined : priceOf(study.definition, brain),
    approvals: study.definition.approvals,
  });
}
