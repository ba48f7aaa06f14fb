import { trialIdSchema, type StudyId, type TrialId } from "../ids.ts";
import type { Scenario, Study } from "./study-schema.ts";

/** One combination of factors. */
export interface Arm {
  readonly name: string;
  readonly specimen: string;
  readonly brain: string;
  readonly scenario: Scenario;
}

/** One planned run of an arm. */
export interface PlannedTrial {
  readonly trial: TrialId;
  readonly arm: string;
  /** 1-based position within its arm. */
  readonly repeat: number;
}

/** The arms as listed, or the full cross of specimens, brains and scenarios. Names are unique. */
export function armsOf(study: Study): Arm[] {
  const rows =
    study.arms ??
    Object.keys(study.specimens).flatMap((specimen) =>
      Object.keys(study.brains).flatMap((brain) =>
        study.scenarios.map((scenario) => ({ specimen, brain, scenario })),
      ),
    );
  return rows.map((row) => ({ ...row, name: `${row.scenario}/${row.brain}/${row.specimen}` }));
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
