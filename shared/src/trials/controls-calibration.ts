import { profileName } from "../claims/profile.ts";
import type { NodeId, StudyId } from "../ids.ts";
import { confusion, isGreen, type Confusion } from "./controls.ts";
import type { Projection } from "./projection.ts";
import type { AttemptView, StudyView } from "./trial-view.ts";

/** What is known of the instrument on the nodes of a study: the control study that measured it there. */
export type InstrumentCalibration =
  | {
      readonly found: true;
      readonly study: StudyId;
      /** When the control study ended, by the coordinator's clock. */
      readonly at: string;
      /** Nodes on which control trials got their verdicts. */
      readonly nodes: readonly NodeId[];
      readonly green: boolean;
      /** One a profile of the control study. */
      readonly matrices: readonly Confusion[];
    }
  | {
      readonly found: false;
      /** Nodes of the study, for which there is none. */
      readonly nodes: readonly NodeId[];
      readonly why: string;
    };

type Journal = Pick<Projection, "studies" | "trialsOf">;

/**
 * The newest control study of this journal that was over before the given study's end, and whose trials ran on all nodes of the
 * study's attempts. A newer one counts before a green one: it says what the instrument is now. A control study is its own.
 */
export function calibrationOf(journal: Journal, study: StudyView): InstrumentCalibration {
  return calibrationFor(
    journal,
    study,
    nodesOf(journal.trialsOf(study.id).flatMap((trial) => trial.attempts)),
  );
}

/** The same for some of the study's nodes, such as those of one attempt. */
export function calibrationFor(
  journal: Journal,
  study: StudyView,
  nodes: readonly NodeId[],
): InstrumentCalibration {
  const none = (why: string) => ({ found: false, nodes, why }) as const;
  if (nodes.length === 0) return none("no attempt of this study was placed on a node");
  const before = [...journal.studies.values()]
    // Nodes of another lab may have the names of those here.
    .filter((other) => other.imported === null && other.definition.controls && isOverBefore(other, study))
    .filter((other) => !study.definition.controls || other.id === study.id)
    .toSorted((a, b) => endMs(b) - endMs(a));
  if (before.length === 0) return none("no control study was over before it");
  for (const control of before) {
    const trials = journal.trialsOf(control.id);
    const judged = trials.filter((trial) => trial.state === "done");
    const proved = nodesOf(judged.flatMap((trial) => trial.attempts.at(-1) ?? []));
    if (!nodes.every((node) => proved.includes(node))) continue;
    const { definition } = control;
    return {
      found: true,
      study: control.id,
      at: control.endedAt ?? "",
      nodes: proved,
      green: isGreen(definition, trials),
      matrices: definition.profiles.map((profile) => confusion(definition, trials, profileName(profile))),
    };
  }
  return none("no control study ran on all of them");
}

const endMs = ({ endedAt }: StudyView) => (endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(endedAt));
const isOverBefore = (other: StudyView, study: StudyView) =>
  other.endedAt !== null && endMs(other) <= endMs(study);

/** Nodes of attempts, by name. */
function nodesOf(attempts: readonly AttemptView[]): NodeId[] {
  return [...new Set(attempts.flatMap(({ devices }) => [devices.origin, devices.target]))].toSorted();
}
