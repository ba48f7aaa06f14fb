import { terminalLine, type Projection, type StudyView } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { findStudies } from "../trials/find-trial.ts";

/** The one study of a name or an id that is not over. @throws CliError when there is none, or more than one. */
export function openStudy(projection: Projection, name: string): StudyView {
  const found = findStudies(projection, name);
  const open = found.filter((study) => study.endedAt === null);
  const [study] = open;
  if (study !== undefined && open.length === 1) return study;
  throw new CliError(
    EXIT.usage,
    open.length === 0
      ? `${terminalLine(name, 100)} has ended: ${terminalLine(found.at(-1)?.endedWhy ?? "", 300)}`
      : `more than one study of this name runs: ${open.map(({ id }) => id).join(", ")}; name one of them`,
  );
}
