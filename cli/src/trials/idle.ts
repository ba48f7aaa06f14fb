import { isFinal, PHASES, type AttemptView, type StudyView, type TrialView } from "@redline/shared";

/** Wall time of the last thing that is known of a trial. Node clocks: for people, to the second. */
export function lastActivity(trial: TrialView, study: StudyView | undefined): string {
  const attempt = trial.attempts.at(-1);
  const times = [study?.submittedAt, attempt?.placedAt, attempt?.records.at(-1)?.at, attempt?.endedAt];
  return (
    times
      .flatMap((time) => time ?? [])
      .toSorted()
      .at(-1) ?? ""
  );
}

/** Milliseconds since something was heard of an unfinished trial: a cheap sign of a stall. Null when it is over. */
export function idleMs(trial: TrialView, study: StudyView | undefined, asOf: Date): number | null {
  if (isFinal(trial.state)) return null;
  const last = Date.parse(lastActivity(trial, study));
  return Number.isNaN(last) ? null : Math.max(0, asOf.getTime() - last);
}

/** The part an attempt is in: the one after the last that the origin's node (or any) reported as over. */
export function phaseOf(attempt: AttemptView): string {
  const done = attempt.phases.map(({ phase }) => PHASES.indexOf(phase));
  return PHASES[Math.max(-1, ...done) + 1] ?? "closing";
}

export const nodesOf = (attempt: AttemptView | undefined): string[] =>
  attempt === undefined ? [] : [...new Set([attempt.devices.origin, attempt.devices.target])];
