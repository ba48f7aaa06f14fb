import {
  armsOf,
  planTrials,
  terminalLine,
  type StudyId,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { LoadedStudy } from "../study-file/load-study.ts";
import { duration } from "../terminal/duration.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { trialRow } from "../trials/trial-row.ts";
import { journalOf, type CoordinatorHost } from "./coordinator-host.ts";
import { renderResults, renderTroubles } from "./render-results.ts";
import { resultsJson } from "./results-json.ts";
import type { Results } from "./results.ts";

interface Launch {
  readonly study: StudyId;
  readonly loaded: LoadedStudy;
  readonly file: string;
  readonly host: CoordinatorHost;
}
interface Done {
  readonly code: ExitCode;
  readonly results: Results | null;
  readonly study: StudyView | null;
  readonly trials: readonly TrialView[];
  readonly elapsedMs: number;
  readonly interrupted: boolean;
  readonly left: { readonly clean: boolean; readonly left: readonly string[] };
  readonly host: CoordinatorHost | null;
  readonly journal: string | null;
}

/** What a run puts on stdout: JSON lines (`launch`, `trial`..., `done`) and nothing else, or the result for people. */
export interface RunReport {
  launched(launch: Launch): void;
  trial(trial: TrialView, study: StudyView): void;
  done(done: Done): void;
}

/** @param table false leaves the table of verdicts out of the text, for commands that show them in their own way. */
export function createRunReport(context: Context, json: boolean, table: boolean): RunReport {
  return json ? jsonReport(context) : textReport(context, table);
}

function jsonReport({ terminal }: Context): RunReport {
  let launched = false;
  const line = (kind: string, value: object) =>
    terminal.out.line(safeJson({ kind, as_of: new Date().toISOString(), ...value }));
  return {
    launched({ study, loaded, file, host }) {
      launched = true;
      line("launch", {
        study,
        file,
        arms: armsOf(loaded.study).map((arm) => arm.name),
        trials: planTrials(study, loaded.study).length,
        specimens: loaded.specimens,
        coordinator: host.client.name,
        stateDir: host.stateDir,
        journal: journalOf(host),
      });
    },
    trial: (trial, study) => line("trial", trialRow(trial, study, new Date())),
    done({ code, results, study, elapsedMs, interrupted, left, journal }) {
      if (!launched) return;
      line("done", {
        study: study?.id ?? null,
        completedAt: study?.endedAt ?? null,
        exitCode: code,
        interrupted,
        elapsedMs: Math.round(elapsedMs),
        journal,
        lab: left,
        results: results === null ? null : resultsJson(results),
      });
    },
  };
}

function textReport({ terminal, self, cwd }: Context, table: boolean): RunReport {
  const { out, err } = terminal;
  const render = table ? renderResults : renderTroubles;
  return {
    launched({ study, loaded, host }) {
      const { length } = planTrials(study, loaded.study);
      err.line(`${study}: ${length} trials submitted to ${terminalLine(host.client.name)}`);
    },
    trial: () => undefined,
    done({ results, trials, elapsedMs, interrupted, left, host, journal }) {
      if (results !== null) {
        out.line();
        for (const text of render(results, out.paint, out.columns)) out.line(text);
        out.line();
      }
      if (journal !== null) out.line(`journal  ${terminalLine(journal, 1000)}`);
      out.line(`elapsed  ${duration(elapsedMs)}${interrupted ? " (interrupted)" : ""}`);
      if (!left.clean) {
        err.line(err.paint.bad("NOT STERILE: after the lab's end there is still:"));
        for (const item of left.left) err.line(`  ${terminalLine(item, 500)}`);
      }
      const next =
        results?.surprises[0]?.trial ??
        trials.find((t) => t.verdicts["pan2024"] === "confirmed") ??
        trials[0];
      if (next !== undefined && host !== null)
        out.line(`next     ${self} trial show ${next.trial}${whereOf(host, cwd)}`);
    },
  };
}

/** The option that finds this run again, where it is not found without. */
/** The option by which a command finds this coordinator, with a space before it; empty for the newest state. */
export function whereOf({ stateDir, client }: CoordinatorHost, cwd: string): string {
  if (stateDir === null)
    return client.name.startsWith("unix:") ? ` --socket ${client.name.slice(5)}` : ` --url ${client.name}`;
  return stateDir.startsWith(`${cwd}/.redline/`) ? "" : ` --state ${stateDir}`;
}
