import type { CoordinatorRecord } from "../journal/coordinator-record.ts";
import { shapeSchema } from "../scenario/shape.ts";
import { armsOf, planTrials } from "../study/plan.ts";
import type { StudyView, TrialView } from "./trial-view.ts";

/** A study as it was submitted, and its trials, of which none was placed yet. */
export function submittedStudy(
  body: Extract<CoordinatorRecord["body"], { kind: "study-submitted" }>,
  at: string,
): { readonly study: StudyView; readonly trials: readonly TrialView[] } {
  const { study: id, definition, scenarios = {} } = body;
  const arms = new Map(armsOf(definition).map((arm) => [arm.name, arm]));
  const planned = planTrials(id, definition);
  const study: StudyView = {
    id,
    file: body.file,
    definition,
    specimens: body.specimens,
    scenarios,
    limits: definition.limits,
    budget: definition.budget ?? {},
    changes: [],
    paused: null,
    recentEnds: [],
    submittedAt: at,
    endedAt: null,
    endedWhy: "",
    moved: null,
    imported: null,
    trials: planned.map((p) => p.trial),
  };
  const trials = planned.flatMap(({ trial, arm: name, repeat }): TrialView[] => {
    const arm = arms.get(name);
    if (arm === undefined) return [];
    const { scenario, brain, specimen, scaffold, condition } = arm;
    return [
      {
        trial,
        study: id,
        arm: name,
        scenario,
        scaffold,
        condition,
        shape: scenarios[scenario]?.shape ?? shapeSchema.catch("local-copy").parse(scenario),
        brain,
        specimen,
        repeat,
        state: "waiting",
        why: "waits for free nodes",
        attempts: [],
        verdicts: {},
      },
    ];
  });
  return { study, trials };
}
