import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { findTrial } from "../trials/find-trial.ts";
import type { ActOptions } from "./oversee-act.ts";

/** `redline trial stop TRIAL`: ends this trial alone, without a verdict. Exit code 4 when a node did not confirm that nothing runs. */
export async function trialStop(
  { terminal: { out }, cwd }: Context,
  { trial: id, why, json, ...source }: ActOptions,
): Promise<ExitCode> {
  const client = await liveClient(source, cwd);
  const { trial } = findTrial((await loadState(source, cwd)).state.projection, id);
  const { stopped, silent } = await client.cancelTrial(trial, { who: orderedBy(), why: why.slice(0, 300) });
  if (json) out.line(safeJson({ as_of: new Date().toISOString(), trial, stopped, silent }, 2));
  else {
    const where =
      stopped.length === 0 ? "" : `; nothing of it runs on ${terminalLine(stopped.join(" "), 500)}`;
    out.line(`${trial} is cancelled${where}`);
    if (silent.length > 0)
      out.line(out.paint.bad(`did not confirm: ${terminalLine(silent.join(" "), 500)}; look at these nodes`));
  }
  return silent.length > 0 ? EXIT.notSterile : EXIT.done;
}
