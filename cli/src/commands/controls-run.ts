import { fileURLToPath } from "node:url";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { controlSummary } from "../controls/control-summary.ts";
import { controlsMarkdown } from "../controls/controls-markdown.ts";
import { renderControls } from "../controls/render-controls.ts";
import { pageAt } from "../controls/write-page.ts";
import { runStudy } from "../run/run-study.ts";
import type { SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { DEFAULT_SEED } from "./specimen-weights.ts";

const inCheckout = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export interface ControlsRunOptions extends SourceOptions {
  readonly json: boolean;
  /** Trials of each arm; their verdicts are compared. */
  readonly repeat: number;
  /** Page of Markdown that is written besides. */
  readonly out?: string | undefined;
  /** Another study file than the bank that comes with the checkout. */
  readonly file?: string | undefined;
}

/**
 * `redline controls run`: the decoy bank and the positive controls, by the very path that real trials take. Exit code 0 only when they
 * are green, every expected verdict came, and all repeats agree.
 */
export async function controlsRun(context: Context, options: ControlsRunOptions): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const {
    repeat,
    out: page,
    file = inCheckout("studies/controls.yaml"),
    json,
    url,
    socket,
    tokenFile,
    insecureToken,
    state,
  } = options;
  const write = page === undefined ? null : await pageAt(context.cwd, page);
  if (options.file === undefined) {
    const { writeWeights } = await import("../specimen/write-weights.ts");
    await writeWeights(inCheckout("studies/specimens/tiny"), { seed: DEFAULT_SEED });
  }
  const request = {
    file,
    json,
    url,
    socket,
    tokenFile,
    insecureToken,
    state,
    trialsPerArm: repeat,
    controlsOnly: true,
    table: false,
  };
  const { code, study, journal } = await runStudy(context, request);
  // Of a run that was broken off nothing can be said about the instrument.
  if (study === null || code === EXIT.interrupted) return code;
  const summary = controlSummary(study, journal);
  if (json) out.line(safeJson({ kind: "controls", as_of: new Date().toISOString(), ...summary }));
  else for (const line of ["", ...renderControls(summary, out.paint, out.columns)]) out.line(line);
  if (write !== null) {
    await write(controlsMarkdown(summary, { version: context.version, node: process.versions.node }));
    (json ? err : out).line(`written  ${page ?? ""}`);
  }
  const right = summary.green && summary.steady && summary.unexpected.length === 0;
  return code === EXIT.done && !right ? EXIT.unexpected : code;
}
