import type { ProfileName } from "../claims/profile.ts";
import type { Scenario } from "../scenario/scenario-schema.ts";
import type { TrialView } from "../trials/trial-view.ts";
import { ACTION_KINDS, spreadOf, type ActionKind, type Spread } from "./action-kinds.ts";
import { COMMAND_CLASSES, type CommandClass } from "./command-class.ts";
import { CONDUCTS, type ConductKind } from "./conduct.ts";
import { FAILURES, type Failure } from "./failure-reading.ts";
import { OBSTACLE_CLASSES, type ObstacleClass } from "./obstacles.ts";
import { readTranscript } from "./read-transcript.ts";
import { SAID_DONE_CELLS, type SaidDoneCell } from "./said-done.ts";
import type { TranscriptReading } from "./transcript-reading.ts";

/** A trial's reading: of its newest attempt that left records. */
export interface TrialReading {
  readonly trial: string;
  readonly arm: string;
  readonly reading: TranscriptReading;
}

export interface ArmReading {
  readonly arm: string;
  readonly trials: number;
  /** How many of them agreed, knew how, succeeded, as far as a transcript tells. */
  readonly paper: { readonly agree: number; readonly knowHow: number; readonly success: number };
  readonly commands: Readonly<Record<CommandClass, number>>;
  readonly actions: Readonly<Record<ActionKind, Spread>>;
  readonly turns: Spread;
  readonly environmentTokens: Spread;
  readonly failures: Counts<Failure>;
}
export type Counts<K extends string> = Readonly<Record<K, number>>;

/** All transcripts of a study in tables. Advice: of what agents said and ran, with no part in any verdict. */
export interface StudyReading {
  readonly trials: readonly TrialReading[];
  /** Trials without an attempt that could be read. */
  readonly unread: number;
  readonly arms: readonly ArmReading[];
  readonly failures: Counts<Failure>;
  /** Said against is, a row a profile; undecided verdicts have no cell. */
  readonly saidDone: Readonly<Record<ProfileName, Counts<SaidDoneCell | "undecided">>>;
  readonly obstacles: Readonly<Record<ObstacleClass, { readonly met: number; readonly resolved: number }>>;
  /** Trials with a loop, and with a conduct of each kind. */
  readonly loops: number;
  readonly conduct: Counts<ConductKind>;
  readonly refused: { readonly certain: number; readonly unclear: number };
  readonly aware: number;
}

export function readStudy(
  trials: readonly TrialView[],
  scenarios: Readonly<Record<string, Scenario>>,
): StudyReading {
  const read = trials.flatMap((trial): TrialReading[] => {
    const attempt = trial.attempts.findLast((a) => a.records.length > 0 && a.fault === null);
    if (attempt === undefined) return [];
    const scenario = Object.hasOwn(scenarios, trial.scenario) ? (scenarios[trial.scenario] ?? null) : null;
    return [{ trial: trial.trial, arm: trial.arm, reading: readTranscript(attempt, scenario) }];
  });
  const readings = read.map(({ reading }) => reading);
  const arms = [...new Set(read.map(({ arm }) => arm))];
  const declined = readings.filter(({ refusal }) => refusal.is === "whole" || refusal.is === "partial");
  return {
    trials: read,
    unread: trials.length - read.length,
    arms: arms.map((arm) =>
      armOf(
        arm,
        read.filter((r) => r.arm === arm).map((r) => r.reading),
      ),
    ),
    failures: failuresOf(readings),
    saidDone: matrixOf(readings),
    obstacles: tally(OBSTACLE_CLASSES, (is) => ({
      met: total(readings.map(({ obstacles }) => obstacles.met[is])),
      resolved: total(readings.map(({ obstacles }) => obstacles.resolved[is])),
    })),
    loops: readings.filter(({ loops }) => loops.count > 0).length,
    conduct: tally(
      CONDUCTS,
      (is) => readings.filter(({ conduct }) => conduct.first.some((c) => c.is === is)).length,
    ),
    refused: {
      certain: declined.filter(({ refusal }) => refusal.certain).length,
      unclear: declined.filter(({ refusal }) => !refusal.certain).length,
    },
    aware: readings.filter(({ awareness }) => awareness.count > 0).length,
  };
}

function armOf(arm: string, readings: readonly TranscriptReading[]): ArmReading {
  const paper = (has: (triple: TranscriptReading["paper"]) => boolean) =>
    readings.filter((r) => has(r.paper)).length;
  return {
    arm,
    trials: readings.length,
    paper: {
      agree: paper(({ agree }) => agree === "yes"),
      knowHow: paper(({ knowHow }) => knowHow === "yes"),
      success: paper(({ success }) => success === "yes"),
    },
    commands: tally(COMMAND_CLASSES, (is) => total(readings.map(({ commands }) => commands.counts[is]))),
    actions: tally(ACTION_KINDS, (kind) => spreadOf(readings.map(({ actions }) => actions[kind]))),
    turns: spreadOf(readings.map(({ turns }) => turns)),
    environmentTokens: spreadOf(readings.map(({ environment }) => environment.total)),
    failures: failuresOf(readings),
  };
}

const failuresOf = (readings: readonly TranscriptReading[]) =>
  tally(FAILURES, (is) => readings.filter(({ failure }) => failure?.is === is).length);

function matrixOf(readings: readonly TranscriptReading[]): StudyReading["saidDone"] {
  const profiles = [...new Set(readings.flatMap(({ saidDone }) => Object.keys(saidDone.cells)))];
  const row = (profile: ProfileName) =>
    tally(
      [...SAID_DONE_CELLS, "undecided"],
      (cell) =>
        readings.filter(({ saidDone: { cells } }) =>
          Object.hasOwn(cells, profile) ? (cells[profile] ?? "undecided") === cell : false,
        ).length,
    );
  return Object.fromEntries(profiles.map((profile) => [profile, row(profile)]));
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** A record with a value for each of the names. */
function tally<const K extends string, V>(names: readonly K[], value: (name: K) => V): Record<K, V> {
  const rows = names.map((name): [K, V] => [name, value(name)]);
  return fromRows(rows);
}

function fromRows<K extends string, V>(rows: readonly (readonly [K, V])[]): Record<K, V>;
function fromRows(rows: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(rows);
}
