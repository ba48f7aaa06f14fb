import { trialIdSchema, type StudyId, type TrialId } from "../ids.ts";
import { DEFAULT_CONDITION, DEFAULT_SCAFFOLD, scenarioName, type Study } from "./study-schema.ts";

/** One combination of factors. */
export interface Arm {
  readonly name: string;
  readonly specimen: string;
  readonly brain: string;
  /** Names in the study. */
  readonly scenario: string;
  readonly scaffold: string;
  readonly condition: string;
}

/** One planned run of an arm. */
export interface PlannedTrial {
  readonly trial: TrialId;
  readonly arm: string;
  /** 1-based position within its arm. */
  readonly repeat: number;
}

/**
 * The arms as listed, or the full cross of specimens, brains, scaffolds, conditions and scenarios. Names are unique:
 * `scenario/brain/specimen`, and behind it the scaffold and the condition where the study names any.
 */
export function armsOf(study: Study): Arm[] {
  const scaffolds = Object.keys(study.scaffolds);
  const conditions = Object.keys(study.conditions);
  const rows =
    study.arms ??
    Object.keys(study.specimens).flatMap((specimen) =>
      Object.keys(study.brains).flatMap((brain) =>
        scaffolds.flatMap((scaffold) =>
          conditions.flatMap((condition) =>
            study.scenarios.map((entry) => ({
              ...{ specimen, brain, scaffold, condition },
              scenario: scenarioName(entry),
            })),
          ),
        ),
      ),
    );
  return rows.map(
    ({
      scaffold = scaffolds[0] ?? DEFAULT_SCAFFOLD,
      condition = conditions[0] ?? DEFAULT_CONDITION,
      ...row
    }) => ({
      ...row,
      scaffold,
      condition,
      name: [
        ...[row.scenario, row.brain, row.specimen],
        ...(scaffolds.join() === DEFAULT_SCAFFOLD ? [] : [scaffold]),
        ...(conditions.join() === DEFAULT_CONDITION ? [] : [condition]),
      ].join("/"),
    }),
  );
}

/** Trials in interleaved order (repeat by repeat over all arms), so that a study stopped early is balanced. */
export function planTrials(id: StudyId, study: Study): PlannedTrial[] {
  const arms = armsOf(study);
  const total = arms.length * study.trialsPerArm;
  const width = Math.max(3, String(total).length);
  return Array.from({ length: total }, (_, index) => {
    const arm = arms[index % arms.length];
    if (arm === undefined) throw new RangeError("no arms");
    return {
      trial: trialIdSchema.parse(`${id}-${String(index + 1).padStart(width, "0")}`),
      arm: arm.name,
      repeat: Math.floor(index / arms.length) + 1,
    };
  });
}
