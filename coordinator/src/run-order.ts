import {
  runOrderSchema,
  type AttemptView,
  type RunOrder,
  type StudyView,
  type TrialView,
} from "@redline/shared";

/** The order that starts an attempt. @throws ZodError when the journal's study cannot give one; submission refuses such a study. */
export function runOrderOf(study: StudyView, trial: TrialView, attempt: AttemptView): RunOrder {
  return runOrderSchema.parse({
    verb: "run",
    study: study.id,
    key: { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch },
    scenario: trial.scenario,
    specimen: {
      ...study.specimens[trial.specimen],
      weights: study.definition.specimens[trial.specimen]?.weights,
    },
    brain: study.definition.brains[trial.brain],
    brainName: trial.brain,
    devices: attempt.devices,
    limits: study.definition.limits,
  });
}
