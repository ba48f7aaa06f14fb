import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { findStudies } from "../trials/find-trial.ts";
import { renderTrialList } from "../trials/render-list.ts";
import { trialRows } from "../trials/trial-row.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

/** `redline trial list`. `limit` 0 shows all. */
export async function trialList(
  { terminal: { out, err }, cwd }: Context,
  options: SourceOptions & { json: boolean; study?: string | undefined; limit: number },
): Promise<ExitCode> {
  const loaded = await loadState(options, cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const all = trialRows(projection, findStudies(projection, options.study), loaded.asOf);
  const trials = options.limit === 0 ? all : all.slice(0, options.limit);
  if (options.json)
    out.line(
      envelope(loaded, {
        counts: { showing: trials.length, of: all.length },
        truncated: trials.length < all.length,
        trials,
      }),
    );
  else for (const line of renderTrialList(trials, all.length, out.paint)) out.line(line);
  return EXIT.done;
}
