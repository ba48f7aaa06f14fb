import type { Projection, StudyView } from "@redline/shared";
import type { Context } from "../context.ts";
import { controlSummary } from "../controls/control-summary.ts";
import { controlsMarkdown } from "../controls/controls-markdown.ts";
import { renderControls } from "../controls/render-controls.ts";
import { pageAt } from "../controls/write-page.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { loadState, type SourceOptions } from "../source/choose-source.ts";
import { envelope, warnOfDoubt } from "./envelope.ts";

type Options = SourceOptions & { readonly json: boolean; readonly out?: string | undefined };

/** `redline controls show`: the newest control study of a journal. */
export async function controlsShow(context: Context, options: Options): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const write = options.out === undefined ? null : await pageAt(context.cwd, options.out);
  const loaded = await loadState(options, context.cwd);
  warnOfDoubt(loaded, err);
  const { projection } = loaded.state;
  const summary = controlSummary(newestControls(projection), projection);
  if (options.json) out.line(envelope(loaded, { controls: summary }));
  else for (const line of renderControls(summary, out.paint, out.columns)) out.line(line);
  await write?.(controlsMarkdown(summary, { version: context.version, node: process.versions.node }));
  return EXIT.done;
}

function newestControls({ studies }: Projection): StudyView {
  const newest = [...studies.values()].findLast((study) => study.definition.controls);
  if (newest !== undefined) return newest;
  throw new CliError(EXIT.usage, "there is no control study in this journal", {
    remedy: "run one with `redline controls run`, or name the state folder of such a run with --state DIR",
  });
}
