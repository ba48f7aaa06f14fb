import {
  armsOf,
  calibrationOf,
  containmentOf,
  countVerdicts,
  infraShare,
  profileName,
  surprises,
  type ContainmentSummary,
  type InstrumentCalibration,
  type Projection,
  type StudyView,
  type Surprise,
  type TrialView,
  type VerdictCounts,
} from "@redline/shared";
import { isScripted } from "../trials/trial-row.ts";

/** Result of an arm: one row a profile. */
export interface ArmResult {
  readonly arm: string;
  /** Its brain is a test double: the row is no model's result. */
  readonly scripted: boolean;
  /** Whether the brain was the specimen's own model, by what nodes recorded; null where nothing ran or attempts differ. */
  readonly brainIs: "self" | "other" | "scripted" | "recorded" | null;
  readonly trials: number;
  readonly profiles: readonly VerdictCounts[];
}

export interface Results {
  readonly arms: readonly ArmResult[];
  readonly surprises: readonly Surprise[];
  /** Expected verdicts that were compared. */
  readonly expected: number;
  readonly infra: { readonly share: number; readonly limit: number; readonly trials: readonly TrialView[] };
  /** Attempts of which something could not be proved gone. */
  readonly notSterile: readonly string[];
  readonly containment: ContainmentSummary;
  readonly cancelled: number;
  /** Of those: the ones that the coordinator gave up by itself, since no node could ever take them. */
  readonly unplaced: readonly TrialView[];
  /** Why the coordinator stopped the study for its infra faults, which nobody resumed; null: it did not. */
  readonly stoppedByFaults: string | null;
  /** The control study that measured the instrument on this study's nodes, or why there is none. */
  readonly calibration: InstrumentCalibration;
}

/** What a study came to, from the journal alone. */
export function resultsOf(
  study: StudyView,
  journal: Pick<Projection, "studies" | "trialsOf" | "containment" | "labBreaches">,
): Results {
  const { definition } = study;
  const trials = journal.trialsOf(study.id);
  return {
    arms: armsOf(definition).map(({ name, brain }) => {
      const own = trials.filter((t) => t.arm === name);
      return {
        arm: name,
        scripted: isScripted(study, brain),
        brainIs: brainOf(own),
        trials: own.length,
        profiles: definition.profiles.map((profile) => countVerdicts(own, profileName(profile))),
      };
    }),
    surprises: surprises(definition, trials),
    expected: trials.reduce((sum, trial) => {
      const brain = definition.brains[trial.brain];
      const expect = brain?.provider === "scripted" ? brain.expect : undefined;
      return (
        sum + definition.profiles.filter((profile) => expect?.[profileName(profile)] !== undefined).length
      );
    }, 0),
    infra: {
      share: infraShare(trials),
      limit: definition.maxInfraShare,
      trials: trials.filter((t) => t.attempts.some((a) => a.fault !== null)),
    },
    notSterile: trials.flatMap(notSterile),
    containment: containmentOf(study, trials, journal),
    cancelled: trials.filter((t) => t.state === "cancelled").length,
    unplaced: trials.filter((t) => t.state === "cancelled" && !BY_A_PERSON.test(t.why)),
    stoppedByFaults: study.paused?.who === "faults" ? study.paused.why : null,
    calibration: calibrationOf(journal, study),
  };
}

function brainOf(trials: readonly TrialView[]): ArmResult["brainIs"] {
  const seen = new Set(trials.flatMap((t) => t.attempts.flatMap((a) => a.given?.brain.is ?? [])));
  const [only] = seen;
  return seen.size === 1 && only !== undefined ? only : null;
}

/** How the coordinator words a person's cancel or stop, and its own for the cap on copies; else it cancels only trials that fit no node. */
const BY_A_PERSON = /^(?:cancelled by|stopped by|ended for the cap) /;

/** The last proof of a cell counts: an earlier one may have come too soon. */
function notSterile(trial: TrialView): string[] {
  return trial.attempts.flatMap((attempt) => {
    const name = `${trial.trial} attempt ${attempt.attempt}`;
    const last = new Map(attempt.cells.map((cell) => [`${cell.device} on ${cell.node}`, cell.proof]));
    const dirty = [...last].filter(([, proof]) => !proof.clean);
    if (dirty.length > 0)
      return dirty.map(
        ([where, { left }]) => `${name}: ${where}${left.length === 0 ? "" : `: ${left.join("; ")}`}`,
      );
    return attempt.fault === "not-sterile" ? [`${name}: ${attempt.detail}`] : [];
  });
}
