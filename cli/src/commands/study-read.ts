import { readStudy } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { ADVICE } from "../transcript/reading-page.ts";
import { studyPage } from "../transcript/study-page.ts";
import { findStudies } from "../trials/find-trial.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

/** `redline study read STUDY`: its name or id; of several runs of one name each by itself. */
export async function studyRead(
  { terminal: { out, err }, cwd }: Context,
  name: string,
  options: SourceOptions & { readonly json: boolean },
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const studies = findStudies(projection, name).map((study) => ({
    study: study.id,
    reading: readStudy(projection.trialsOf(study.id), study.scenarios),
  }));
  if (options.json) out.line(envelope(loaded, { advice: ADVICE, studies }));
  else
    for (const [i, { study, reading }] of studies.entries()) {
      if (i > 0) out.line();
      for (const line of studyPage(study, reading, { columns: out.columns, paint: out.paint }))
        out.line(line);
    }
  return EXIT.done;
}
