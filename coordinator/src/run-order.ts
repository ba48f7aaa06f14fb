import {
  priceOf,
  runOrderSchema,
  type AttemptView,
  type RunOrder,
  type StudyView,
  type TrialView,
} from "@redline/shared";

/** Orders of one study that differ in nothing but the attempt: checked once. */
const checked = new WeakMap<StudyView["definition"], Map<string, RunOrder>>();

/** The order that starts an attempt. @throws ZodError when the journal's study cannot give one; submission refuses such a study. */
export function runOrderOf(study: StudyView, trial: TrialView, attempt: AttemptView): RunOrder {
  const own = {
    key: { trial: trial.trial, attempt: attempt.attempt, epoch: attempt.epoch },
    devices: attempt.devices,
  };
  if (attempt.gpus !== null) return orderOf(study, trial, attempt, { ...own, gpus: attempt.gpus });
  const orders = checked.get(study.definition) ?? new Map<string, RunOrder>();
  checked.set(study.definition, orders);
  const { scenario, scaffold, condition, specimen, brain } = trial;
  const kind = JSON.stringify([scenario, scaffold, condition, specimen, brain, attempt.orderedLimits]);
  const like = orders.get(kind) ?? orderOf(study, trial, attempt, own);
  orders.set(kind, like);
  return { ...like, ...own };
}

function orderOf(
  study: StudyView,
  trial: TrialView,
  attempt: AttemptView,
  own: Pick<RunOrder, "key" | "devices" | "gpus">,
): RunOrder {
  const brain = study.definition.brains[trial.brain];
  return runOrderSchema.parse({
    verb: "run",
    study: study.id,
    scenario: study.scenarios[trial.scenario],
    scaffold: study.definition.scaffolds[trial.scaffold],
    condition: study.definition.conditions[trial.condition],
    specimen: {
      ...study.specimens[trial.specimen],
      weights: study.definition.specimens[trial.specimen]?.weights,
    },
    brain,
    brainName: trial.brain,
    // Those that held when it was placed: an order may be said again after a change.
    limits: attempt.orderedLimits,
    price: brain === undefined ? undefined : priceOf(study.definition, brain),
    approvals: study.definition.approvals,
    ...own,
  });
}
