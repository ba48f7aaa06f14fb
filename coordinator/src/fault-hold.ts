import {
  FAULTS,
  type CoordinatorRecordBody,
  type Fault,
  type NodeId,
  type NoPerson,
  type StudyView,
  type TrialView,
} from "@redline/shared";

/** In whose name the coordinator pauses a study whose environment is broken; a person cannot have it. */
export const BY_FAULTS = "faults" satisfies NoPerson;

/**
 * Pauses a study when more than `faultLimit.share` of its last `faultLimit.of` ended attempts were infra faults, with the commonest
 * fault, where it was seen most, and what to do. Attempts from before a person resumed the study do not count: that person has looked
 * at them. Null where nothing is due. Never resumes: a person does.
 */
export function faultHold(
  study: StudyView,
  trials: () => readonly TrialView[],
): CoordinatorRecordBody | null {
  const { id, definition, paused, recentEnds } = study;
  const { share, of } = definition.faultLimit;
  if (study.endedAt !== null || paused !== null || recentEnds.length < of) return null;
  const faulty = recentEnds.flatMap(({ fault, nodes }) => (fault === null ? [] : [{ fault, nodes }]));
  if (faulty.length <= share * of || !trials().some(({ state }) => state === "waiting")) return null;
  const why = `${faulty.length} of the last ${of} attempts ended in infra faults, ${commonest(faulty)}`;
  return { kind: "study-paused", study: id, who: BY_FAULTS, why: why.slice(0, 300) };
}

/** `7 of them cell-failed (6 on beta): what happened; what to do`. */
function commonest(faulty: readonly { readonly fault: Fault; readonly nodes: readonly NodeId[] }[]): string {
  const [fault, count] = most(faulty.map((end) => end.fault)) ?? [null, 0];
  if (fault === null) return "";
  const [node, on] = most(faulty.filter((end) => end.fault === fault).flatMap((end) => end.nodes)) ?? ["", 0];
  const { text, remedy } = FAULTS[fault];
  return `${count} of them ${fault} (${on} on ${node}): ${text}; ${remedy}`;
}

/** What is named most, the first of equals; null for an empty list. */
function most<T>(names: readonly T[]): readonly [T, number] | null {
  const counts = new Map<T, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce<readonly [T, number] | null>(
    (best, entry) => (best === null || entry[1] > best[1] ? entry : best),
    null,
  );
}
