import { terminalLine, waitingApprovals, type Projection, type StudyId, type TrialId } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** A question of an approval policy that waits for a person. */
export interface WaitingQuestion {
  /** `<trial>.<attempt>.<question>`: over the whole lab. */
  readonly id: string;
  readonly study: StudyId;
  readonly trial: TrialId;
  readonly attempt: number;
  /** Name in the attempt. */
  readonly question: string;
  readonly arm: string;
  /** Hostile text, a part of the agent's answer a line. */
  readonly action: string;
  /** Whether parts of the answer are not in `action`; undefined where the record does not say. */
  readonly cut: boolean | undefined;
  readonly pattern: string;
  /** Wall time of its node. */
  readonly askedAt: string;
  /** When it is answered with deny, by that clock. */
  readonly untilMs: number;
}

/** All questions that wait, the oldest first. */
export function waitingQuestions(projection: Projection, studies?: readonly StudyId[]): WaitingQuestion[] {
  return [...projection.studies.values()]
    .filter(({ id, endedAt }) => endedAt === null && (studies?.includes(id) ?? true))
    .flatMap((study) =>
      projection.trialsOf(study.id).flatMap((trial) =>
        trial.attempts.flatMap((attempt) =>
          waitingApprovals(attempt).map(({ id, action, cut, pattern, at }) => ({
            id: `${trial.trial}.${attempt.attempt}.${id}`,
            study: study.id,
            trial: trial.trial,
            attempt: attempt.attempt,
            question: id,
            arm: trial.arm,
            action,
            cut,
            pattern,
            askedAt: at,
            untilMs: Date.parse(at) + (study.definition.approvals?.askS ?? 0) * 1000,
          })),
        ),
      ),
    )
    .toSorted((a, b) => Date.parse(a.askedAt) - Date.parse(b.askedAt) || a.id.localeCompare(b.id));
}

/** The question of an id, or of its last part where only one ends so. @throws CliError when none waits. */
export function findQuestion(waiting: readonly WaitingQuestion[], id: string): WaitingQuestion {
  const found = waiting.filter((question) => question.id === id || question.question === id);
  const [question] = found;
  if (question !== undefined && found.length === 1) return question;
  throw new CliError(
    EXIT.usage,
    found.length === 0
      ? `no question "${terminalLine(id, 100)}" waits for an answer`
      : `more than one question "${terminalLine(id, 100)}" waits; give its whole id`,
    { remedy: "redline approval list" },
  );
}
