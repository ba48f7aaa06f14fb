import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { liveClient, loadState, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { openStudy } from "./study-open.ts";

export interface ChangeOptions extends SourceOptions {
  readonly json: boolean;
  readonly study: string;
  /** `name=value` each; the value `none` takes one away. */
  readonly limit: readonly string[];
  readonly budget: readonly string[];
  readonly why: string;
}

/** `redline study change STUDY`: limits and budget of attempts that begin from now on. */
export async function studyChange(
  { terminal: { out }, cwd }: Context,
  { study: name, limit, budget, why, json, ...source }: ChangeOptions,
): Promise<ExitCode> {
  const change = { limits: valuesOf("--limit", limit), budget: valuesOf("--budget", budget) };
  if (limit.length + budget.length === 0)
    throw new CliError(EXIT.usage, "nothing to change", {
      remedy: `redline study change ${terminalLine(name, 60)} --limit timeS=300 --budget tokens=100000 --why "..."`,
    });
  const client = await liveClient(source, cwd);
  const study = openStudy((await loadState(source, cwd)).state.projection, name);
  const { paused } = await client.changeStudy(study.id, {
    ...change,
    who: orderedBy(),
    why: why.slice(0, 300),
  });
  if (json) out.line(safeJson({ as_of: new Date().toISOString(), study: study.id, ...change, paused }, 2));
  else
    out.line(
      `${study.id} is changed; attempts that begin from now on get it${paused ? `, but the study is ${out.paint.unsure("paused")}: no attempt begins` : ""}`,
    );
  return EXIT.done;
}

/** @throws CliError naming the option that is no `name=number`. */
function valuesOf(option: string, pairs: readonly string[]): Record<string, number | null> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, text] = /^([A-Za-z]{1,40})=(none|[0-9]+(?:\.[0-9]+)?)$/.exec(pair) ?? [];
      if (name === undefined || text === undefined)
        throw new CliError(
          EXIT.usage,
          `${option}: expected NAME=NUMBER or NAME=none, got "${terminalLine(pair, 80)}"`,
        );
      return [name, text === "none" ? null : Number(text)];
    }),
  );
}
