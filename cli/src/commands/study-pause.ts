import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { openStudy } from "./study-open.ts";

export interface PauseOptions extends SourceOptions {
  readonly json: boolean;
  readonly study: string;
  readonly why: string;
}

/** `redline study pause STUDY`: no new attempt begins; those that run go on. */
export const studyPause = (context: Context, options: PauseOptions) => order("pause", context, options);
/** `redline study resume STUDY` */
export const studyResume = (context: Context, options: PauseOptions) => order("resume", context, options);

async function order(
  what: "pause" | "resume",
  { terminal: { out }, cwd }: Context,
  { study: name, why, json, ...source }: PauseOptions,
): Promise<ExitCode> {
  const client = await liveClient(source, cwd);
  const { id } = openStudy((await loadState(source, cwd)).state.projection, name);
  const signed = { who: orderedBy(), why: why.slice(0, 300) };
  const { paused } = await (what === "pause"
    ? client.pauseStudy(id, signed)
    : client.resumeStudy(id, signed));
  if (json) out.line(safeJson({ as_of: new Date().toISOString(), study: id, paused }, 2));
  else if (!paused) out.line(`${id} goes on`);
  else if (what === "pause")
    out.line(`${id} is paused: no new attempt begins; what runs goes on (\`redline trial pause\` holds it)`);
  else
    out.line(`${id} stays ${out.paint.unsure("paused")}: its budget is used up (\`redline study change\`)`);
  return EXIT.done;
}
