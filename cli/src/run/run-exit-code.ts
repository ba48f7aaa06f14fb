import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Results } from "./results.ts";

/** How a run ended, for its exit code. */
export interface RunEnding {
  readonly results: Results | null;
  readonly interrupted: boolean;
  /** What was left after the lab's end. */
  readonly labLeft: readonly string[];
  readonly labClean: boolean;
  /** Code of the error that ended the run early. */
  readonly failure: ExitCode | null;
}

/** The gravest first: what may still be running, then that the result is not whole, then that it is not right. */
export function runExitCode({ results, interrupted, labClean, failure }: RunEnding): ExitCode {
  if (!labClean || (results?.notSterile.length ?? 0) > 0) return EXIT.notSterile;
  if ((results?.containment.breaches.length ?? 0) > 0) return EXIT.notSterile;
  if (interrupted) return EXIT.interrupted;
  if (failure !== null) return failure;
  if (results === null) return EXIT.unexpected;
  // Whatever became of the rest then, a person's cancel too.
  if (results.stoppedByFaults !== null) return EXIT.infra;
  // Somebody else's stop or cancel: the study did not run to its end.
  if (results.cancelled > results.unplaced.length) return EXIT.interrupted;
  if (results.unplaced.length > 0) return EXIT.infra;
  if (results.infra.share > results.infra.limit) return EXIT.infra;
  return results.surprises.length > 0 ? EXIT.unexpected : EXIT.done;
}
