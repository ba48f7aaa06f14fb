import { join, relative, resolve } from "node:path";
import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { badFile } from "../import/bad-file.ts";
import type { Format } from "../import/foreign-log.ts";
import { importPlan, MAX_RUNS } from "../import/import-plan.ts";
import { openLog } from "../import/open-log.ts";
import { digestOf, openSource } from "../import/source-file.ts";
import { writeState } from "../import/write-state.ts";
import { RUNS } from "../source/state-folder.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** Runs that are listed; `--json` gives all. */
const LISTED = 20;

/** `redline import FILE`: a foreign trajectory as a state folder that the reading commands understand. */
export async function importCommand(
  { terminal: { out }, cwd, self, version }: Context,
  file: string,
  options: {
    readonly json: boolean;
    readonly format?: Format | undefined;
    readonly out?: string | undefined;
  },
): Promise<ExitCode> {
  const source = await openSource(file, cwd);
  const log = await openLog(source, options.format ?? null);
  if (log.names.length > MAX_RUNS)
    throw badFile(
      source.name,
      `it holds ${log.names.length} runs, and at most ${MAX_RUNS} are read`,
      "split it",
    );
  const sha256 = await digestOf(source);
  const plan = importPlan(source, sha256, log);
  const dir = options.out === undefined ? join(resolve(cwd, RUNS), plan.study) : resolve(cwd, options.out);
  const now = new Date();
  const runs = await writeState(dir, log, plan, { now, version });
  if (options.json) {
    const { format, model } = log;
    const trials = runs.map(({ trial }) => trial);
    const about = { file: source.name, sha256, format, model };
    out.line(
      safeJson({ as_of: now.toISOString(), ...about, state: dir, study: plan.study, trials, runs }, 2),
    );
    return EXIT.done;
  }
  out.line(`${source.name}: ${log.format}, sha256 ${sha256}`);
  for (const { trial, name, turns, commands, cut } of runs.slice(0, LISTED)) {
    const why = cut === null ? "" : `; ${terminalLine(cut, 200)}`;
    out.line(`  ${trial}  ${terminalLine(name, 60)}: ${turns} turns, ${commands} commands${why}`);
  }
  if (runs.length > LISTED) out.line(`  and ${runs.length - LISTED} more (all: --json)`);
  out.line("none of it ran here: what needs evidence is not tested, and no verdict can be confirmed");
  const shown = terminalLine(relative(cwd, dir) || dir, 500);
  out.line(`read it: ${self} trial show ${runs[0]?.trial ?? "TRIAL"} --state ${shown}`);
  return EXIT.done;
}
