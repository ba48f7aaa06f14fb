import type { AttemptView, TrialView } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

/** The attempt of a number; without one the newest that left records. @throws CliError where there is none. */
export function findAttempt(trial: TrialView, number: number | undefined): AttemptView {
  const found =
    number === undefined
      ? trial.attempts.findLast((a) => a.records.length > 0)
      : trial.attempts.find((a) => a.attempt === number);
  if (found !== undefined) return found;
  throw new CliError(
    EXIT.usage,
    number === undefined
      ? `${trial.trial} has no attempt that left records (${trial.state})`
      : `${trial.trial} has no attempt ${number}, it has ${trial.attempts.length}`,
    { remedy: `redline trial show ${trial.trial}` },
  );
}
