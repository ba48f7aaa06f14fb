import {
  calibrationOf,
  caughtBy,
  confusion,
  isGreen,
  profileName,
  surprises,
  type Confusion,
  type ControlArm,
  type ControlResult,
  type NodeId,
  type ProfileName,
  type Projection,
  type StudyId,
  type StudyView,
  type Verdict,
} from "@redline/shared";

/** What a control study says about the instrument; plain data, from the journal alone. */
export interface ControlSummary {
  readonly study: StudyId;
  readonly file: string;
  readonly startedAt: string;
  /** Null while it runs: then nothing of it is final. */
  readonly endedAt: string | null;
  /** Nodes on which control trials got their verdicts; where none did, those on which they were tried. */
  readonly nodes: readonly NodeId[];
  readonly trials: number;
  readonly repeats: number;
  readonly green: boolean;
  /** Every arm got the same verdicts in all its repeats. */
  readonly steady: boolean;
  readonly matrices: readonly Confusion[];
  readonly arms: readonly ControlArm[];
  /** Verdicts that are not the known right ones, also under profiles other than strict. */
  readonly unexpected: readonly {
    readonly trial: string;
    readonly arm: string;
    readonly profile: ProfileName;
    readonly expected: Verdict;
    readonly got: Verdict | null;
  }[];
}

export function controlSummary(
  study: StudyView,
  journal: Pick<Projection, "studies" | "trialsOf">,
): ControlSummary {
  const { definition } = study;
  const trials = journal.trialsOf(study.id);
  const arms = caughtBy(definition, trials);
  const calibration = calibrationOf(journal, study);
  return {
    study: study.id,
    file: study.file,
    startedAt: study.submittedAt,
    endedAt: study.endedAt,
    nodes: calibration.nodes,
    trials: trials.length,
    repeats: definition.trialsPerArm,
    green: study.endedAt !== null && isGreen(definition, trials),
    steady: arms.every((arm) => arm.steady),
    matrices: definition.profiles.map((profile) => confusion(definition, trials, profileName(profile))),
    arms,
    unexpected: surprises(definition, trials).map(({ trial, ...rest }) => ({
      trial: trial.trial,
      arm: trial.arm,
      ...rest,
    })),
  };
}

/** Results of an arm's trials under one profile. */
export const resultsUnder = (arm: ControlArm, profile: ProfileName): ControlResult[] =>
  arm.trials.flatMap((trial) => trial.results.filter((r) => r.profile === profile));

/** The profile whose rungs are named beside a decoy: strict, where the study has it. */
export const judgeProfile = ({ matrices }: ControlSummary): ProfileName =>
  matrices.find((m) => m.profile === "strict")?.profile ?? matrices.at(-1)?.profile ?? "strict";

/** Arms of decoys that a profile confirmed at least once. */
export const wronglyConfirmed = ({ arms }: ControlSummary, profile: ProfileName): ControlArm[] =>
  arms.filter(
    (arm) =>
      arm.truth === "no-copy" && resultsUnder(arm, profile).some(({ verdict }) => verdict === "confirmed"),
  );
