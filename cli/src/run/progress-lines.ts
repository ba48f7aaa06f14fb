import {
  countVerdicts,
  isFinal,
  profileName,
  terminalLine,
  TRIAL_STATES,
  VERDICTS,
  type StudyView,
  type TrialView,
} from "@redline/shared";
import type { Paint } from "../terminal/colour.ts";
import { duration } from "../terminal/duration.ts";
import { table } from "../terminal/layout.ts";
import { idleMs, nodesOf, phaseOf } from "../trials/idle.ts";

const RUNNING_SHOWN = 8;

/** What progress is made of, at one moment. */
export interface ProgressView {
  readonly study: StudyView;
  readonly trials: readonly TrialView[];
  readonly now: Date;
  readonly elapsedMs: number;
}

/** One line: counts by state and verdicts by profile. */
export function progressSummary({ study, trials, elapsedMs }: ProgressView): string {
  const states = TRIAL_STATES.map((state) => [state, trials.filter((t) => t.state === state).length] as const)
    .filter(([, n]) => n > 0)
    .map(([state, n]) => `${state} ${n}`);
  const verdicts = study.definition.profiles.map(profileName).map((profile) => {
    const { counts } = countVerdicts(trials, profile);
    return `${profile}: ${VERDICTS.map((v) => `${v} ${counts[v]}`).join(", ")}`;
  });
  const over = trials.filter((t) => isFinal(t.state)).length;
  return `${over} of ${trials.length} trials over (${states.join(", ")}); ${verdicts.join("; ")}; ${duration(elapsedMs)}`;
}

/** The live block of a terminal: counts by state, verdicts, and what runs with its phase and idle time. */
export function progressBlock(view: ProgressView, paint: Paint, columns: number): string[] {
  const { study, trials, now, elapsedMs } = view;
  const over = trials.filter((t) => isFinal(t.state)).length;
  const states = TRIAL_STATES.map((state) => `${state} ${trials.filter((t) => t.state === state).length}`);
  const running = trials.filter((t) => t.attempts.length > 0 && !isFinal(t.state) && t.state !== "waiting");
  const rows = running.slice(0, RUNNING_SHOWN).map((trial) => {
    const attempt = trial.attempts.at(-1);
    const phase = trial.state === "running" && attempt !== undefined ? phaseOf(attempt) : trial.state;
    const idle = duration(idleMs(trial, study, now) ?? 0);
    return [`  ${trial.trial}`, trial.arm, phase, `idle ${idle}`, nodesOf(attempt).join(" ")];
  });
  const verdicts = study.definition.profiles.map(profileName).map((profile) => {
    const { counts } = countVerdicts(trials, profile);
    return [`  ${profile}`, ...VERDICTS.map((v) => `${v} ${counts[v]}`)];
  });
  return [
    `${paint.strong(study.id)}  ${over} of ${trials.length} trials over  ${duration(elapsedMs)}`,
    `  ${states.join("  ")}`,
    ...table(verdicts),
    ...table(rows),
    ...(running.length > RUNNING_SHOWN ? [`  and ${running.length - RUNNING_SHOWN} more`] : []),
  ].map((line) => line.slice(0, columns + line.length - visible(line)));
}

const visible = (line: string) => line.replace(/\u001b\[[0-9;]*m/g, "").length;

/** One plain line for a trial that is over. */
export function finishedLine(trial: TrialView): string {
  const verdicts = Object.entries(trial.verdicts).map(([profile, verdict]) => `${profile} ${verdict}`);
  const nodes = nodesOf(trial.attempts.at(-1)).join(" ");
  const what = verdicts.length > 0 ? verdicts.join(", ") : `${trial.state}: ${terminalLine(trial.why)}`;
  const tries = trial.attempts.length > 1 ? `, ${trial.attempts.length} attempts` : "";
  return `${trial.trial} ${trial.arm}: ${what}${nodes === "" ? "" : ` (${nodes}${tries})`}`;
}
