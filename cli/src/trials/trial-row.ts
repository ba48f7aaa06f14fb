import {
  isInterfered,
  profileName,
  type Projection,
  type ProfileName,
  type StudyView,
  type TrialView,
  type Verdict,
} from "@redline/shared";
import { idleMs, nodesOf } from "./idle.ts";

/** A trial in a list, as `--json` gives it. */
export interface TrialRow {
  readonly trial: string;
  readonly study: string;
  readonly arm: string;
  readonly scenario: string;
  readonly brain: string;
  /** A test double: its verdicts are no model's result. */
  readonly scripted: boolean;
  readonly specimen: string;
  readonly repeat: number;
  readonly state: TrialView["state"];
  readonly why: string;
  /** A person spoke to its agent or denied it an action: it stands beside the rate. */
  readonly interfered: boolean;
  readonly idleMs: number | null;
  /** Names of the study's profiles, in its order. */
  readonly profiles: readonly ProfileName[];
  readonly verdicts: Readonly<Partial<Record<ProfileName, Verdict>>>;
  readonly attempts: number;
  readonly faults: readonly string[];
  readonly nodes: readonly string[];
}

export function trialRow(trial: TrialView, study: StudyView | undefined, asOf: Date): TrialRow {
  return {
    trial: trial.trial,
    study: trial.study,
    arm: trial.arm,
    scenario: trial.scenario,
    brain: trial.brain,
    scripted: isScripted(study, trial.brain),
    specimen: trial.specimen,
    repeat: trial.repeat,
    state: trial.state,
    why: trial.why,
    interfered: isInterfered(trial),
    idleMs: idleMs(trial, study, asOf),
    profiles: study?.definition.profiles.map(profileName) ?? Object.keys(trial.verdicts),
    verdicts: trial.verdicts,
    attempts: trial.attempts.length,
    faults: trial.attempts.flatMap((attempt) => attempt.fault ?? []),
    nodes: nodesOf(trial.attempts.at(-1)),
  };
}

export const isScripted = (study: StudyView | undefined, brain: string): boolean =>
  study?.definition.brains[brain]?.provider === "scripted";

export function trialRows(projection: Projection, studies: readonly StudyView[], asOf: Date): TrialRow[] {
  return studies.flatMap((study) =>
    projection.trialsOf(study.id).map((trial) => trialRow(trial, study, asOf)),
  );
}

/** Profiles of all rows, each once: the columns of a list over several studies. */
export const profilesOf = (rows: readonly Pick<TrialRow, "profiles">[]): ProfileName[] => [
  ...new Set(rows.flatMap((row) => row.profiles)),
];

/** `confirmed`, or a dash where the profile gave none. */
export const verdictCells = (row: Pick<TrialRow, "verdicts">, profiles: readonly ProfileName[]): string[] =>
  profiles.map((profile) => row.verdicts[profile] ?? "-");
