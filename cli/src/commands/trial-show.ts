import { calibrationOf } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { findTrial } from "../trials/find-trial.ts";
import { showTrial } from "../trials/show-trial.ts";
import { trialJson } from "../trials/trial-json.ts";
import { whyTrial } from "../trials/why-trial.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

type Options = SourceOptions & { json: boolean };

/** `redline trial show TRIAL` */
export async function trialShow(
  { terminal: { out, err }, cwd }: Context,
  id: string,
  options: Options,
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const trial = findTrial(projection, id);
  const study = projection.studies.get(trial.study);
  if (options.json) out.line(envelope(loaded, { trial: trialJson(trial, study, loaded.asOf) }));
  else {
    const calibration = study === undefined ? null : calibrationOf(projection, study);
    const page = { columns: out.columns, paint: out.paint };
    for (const line of showTrial(trial, study, calibration, page)) out.line(line);
  }
  return EXIT.done;
}

/** `redline trial why TRIAL` */
export async function trialWhy(
  { terminal: { out, err }, cwd }: Context,
  id: string,
  options: Options,
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const trial = findTrial(projection, id);
  const untested = [...projection.nodes.values()]
    .filter(({ inventory, goneWhy }) => goneWhy === null && inventory.selfTest?.green !== true)
    .map(({ inventory }) => inventory.node);
  const why = whyTrial(trial, projection.studies.get(trial.study), loaded.asOf, untested);
  out.line(options.json ? envelope(loaded, { trial: trial.trial, state: trial.state, why }) : why);
  return EXIT.done;
}
