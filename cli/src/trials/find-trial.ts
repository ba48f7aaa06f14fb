import { terminalLine, type Projection, type StudyView, type TrialView } from "@redline/shared";
import { didYouMean } from "../did-you-mean.ts";
import { CliError, EXIT } from "../exit-codes.ts";

/** The trial of an id. @throws CliError that names the likeliest one. */
export function findTrial(projection: Projection, id: string): TrialView {
  for (const trial of projection.trials.values()) if (trial.trial === id) return trial;
  throw unknown("trial", id, [...projection.trials.keys()], "redline trial list");
}

/** Studies of a name or an id; all of them without one. */
export function findStudies(projection: Projection, name: string | undefined): StudyView[] {
  const all = [...projection.studies.values()];
  if (name === undefined) return all;
  const found = all.filter((study) => study.id === name || study.definition.study === name);
  if (found.length > 0) return found;
  throw unknown(
    "study",
    name,
    all.flatMap((s) => [s.id, s.definition.study]),
    "redline trial list",
  );
}

function unknown(what: string, id: string, known: readonly string[], remedy: string): CliError {
  // `003` is how people name the third trial of the only study there is.
  const ending = known.filter((name) => name.endsWith(`-${id}`));
  const meant = ending.length === 1 ? ending[0] : didYouMean(id, known);
  const hint = meant === null || meant === undefined ? "" : `, did you mean "${meant}"?`;
  return new CliError(EXIT.usage, `there is no ${what} "${terminalLine(id, 100)}"${hint}`, { remedy });
}
