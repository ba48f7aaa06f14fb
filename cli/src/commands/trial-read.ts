import { readTranscript } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { findAttempt } from "../transcript/find-attempt.ts";
import { ADVICE, readingPage } from "../transcript/reading-page.ts";
import { findTrial } from "../trials/find-trial.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

type Options = SourceOptions & { readonly json: boolean; readonly attempt?: number | undefined };

/** `redline trial read TRIAL` */
export async function trialRead(
  { terminal: { out, err }, cwd }: Context,
  id: string,
  options: Options,
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const trial = findTrial(projection, id);
  const attempt = findAttempt(trial, options.attempt);
  const scenarios = new Map(Object.entries(projection.studies.get(trial.study)?.scenarios ?? {}));
  const reading = readTranscript(attempt, scenarios.get(trial.scenario) ?? null);
  if (options.json)
    out.line(envelope(loaded, { advice: ADVICE, trial: trial.trial, arm: trial.arm, reading }));
  else
    for (const line of readingPage(trial.trial, reading, { columns: out.columns, paint: out.paint }))
      out.line(line);
  return EXIT.done;
}
