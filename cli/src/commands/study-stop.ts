import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { openStudy } from "./study-open.ts";
import type { PauseOptions } from "./study-pause.ts";

/** `redline study stop STUDY`: ends what runs of it and cancels the rest. Exit code 4 when a node did not confirm that nothing runs. */
export async function studyStop(
  { terminal: { out }, cwd }: Context,
  { study: name, why, json, ...source }: PauseOptions,
): Promise<ExitCode> {
  const client = await liveClient(source, cwd);
  const { id } = openStudy((await loadState(source, cwd)).state.projection, name);
  const reply = await client.cancelStudy(id, { who: orderedBy(), why: why.slice(0, 300) });
  const { silent, cancelledTrials: n } = reply;
  if (json) out.line(safeJson({ as_of: new Date().toISOString(), study: id, ...reply }, 2));
  else {
    out.line(`${id} is over: ${n === 1 ? "1 trial was" : `${n} trials were`} cancelled`);
    if (silent.length > 0)
      out.line(out.paint.bad(`did not confirm: ${terminalLine(silent.join(" "), 500)}; look at these nodes`));
  }
  return silent.length > 0 ? EXIT.notSterile : EXIT.done;
}
