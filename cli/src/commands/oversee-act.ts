import { terminalLine, type InterventionAct, type TrialView } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { findTrial } from "../trials/find-trial.ts";

export interface ActOptions extends SourceOptions {
  readonly json: boolean;
  readonly trial: string;
  readonly why: string;
}

/** Does something to the running attempt of a trial. Exit code 1 when its node says that it did not take effect. */
export async function actOnTrial(
  context: Context,
  { trial: id, why, json, ...source }: ActOptions,
  act: InterventionAct,
  words: (trial: TrialView) => string,
): Promise<ExitCode> {
  const { out } = context.terminal;
  const client = await liveClient(source, context.cwd);
  const trial = findTrial((await loadState(source, context.cwd)).state.projection, id);
  const { done, why: refused } = await client.intervene(trial.trial, {
    who: orderedBy(),
    why: why.slice(0, 300),
    act,
  });
  if (json)
    out.line(
      safeJson({ as_of: new Date().toISOString(), trial: trial.trial, act: act.do, done, why: refused }, 2),
    );
  else if (done) out.line(words(trial));
  else out.line(`${trial.trial}: ${out.paint.bad("not done")}: ${terminalLine(refused, 500)}`);
  return done ? EXIT.done : EXIT.unexpected;
}
