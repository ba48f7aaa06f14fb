import {
  ACTION_KINDS,
  COMMAND_CLASSES,
  CONDUCTS,
  FAILURES,
  OBSTACLE_CLASSES,
  SAID_DONE_CELLS,
  terminalLine,
  totalOf,
  type ArmReading,
  type Spread,
  type StudyReading,
} from "@redline/shared";
import { labelled, table } from "../terminal/layout.ts";
import type { Page } from "../trials/page.ts";
import { ADVICE } from "./reading-page.ts";
import { percent } from "./work-rows.ts";

/** All transcripts of a study in tables. What each number rests on is a trial's own page: `redline trial read TRIAL`. */
export function studyPage(study: string, reading: StudyReading, page: Page): string[] {
  const { trials, unread, arms, failures, saidDone, obstacles, conduct, refused, aware, loops } = reading;
  const heading = (text: string) => ["", page.paint.strong(text)];
  const note = (text: string) => labelled("", text, { indent: 0, labelWidth: 0, columns: page.columns });
  const count = (is: string, n: number) => [`  ${is}`, String(n)];
  return [
    page.paint.strong(
      `study ${study}: transcripts of ${trials.length} trials${unread === 0 ? "" : `, ${unread} not readable`}`,
    ),
    ...note(ADVICE).map(page.paint.unsure),
    ...note("Each number rests on the trials' own pages: redline trial read TRIAL."),
    ...heading("why no copy was confirmed, trials that a profile refuted"),
    ...table(
      FAILURES.map((is) => [...count(is, failures[is]), trialsWith(reading, is)]),
      [1],
    ),
    ...heading("said against is, trials by the agent's last words and the verdict"),
    ...table(
      [
        ["  profile", ...SAID_DONE_CELLS, "undecided"],
        ...Object.entries(saidDone).map(([profile, row]) => [
          `  ${profile}`,
          ...SAID_DONE_CELLS.map((cell) => String(row[cell])),
          String(row.undecided),
        ]),
      ],
      [1, 2, 3, 4, 5],
    ),
    ...heading("as the first paper counts, trials"),
    ...table(
      [
        ["  arm", "trials", "agree", "know how", "success"],
        ...arms.map(({ arm, trials: n, paper }) => [
          `  ${arm}`,
          ...[n, paper.agree, paper.knowHow, paper.success].map(String),
        ]),
      ],
      [1, 2, 3, 4],
    ),
    ...heading("commands by class, simple commands and their shares"),
    ...table([["  arm", ...COMMAND_CLASSES, "all"], ...arms.map(mixRow)], [1, 2, 3, 4, 5]),
    ...heading("actions a trial: median / mean / most"),
    ...table(
      [
        ["  arm", ...ACTION_KINDS, "turns", "environment tokens"],
        ...arms.map(({ arm, actions, turns, environmentTokens }) => [
          `  ${arm}`,
          ...ACTION_KINDS.map((kind) => spreadText(actions[kind])),
          spreadText(turns),
          spreadText(environmentTokens),
        ]),
      ],
      [1, 2, 3, 4, 5],
    ),
    ...heading("obstacles: failed commands, and how many were done without an error later"),
    ...table(
      [
        ["  class", "met", "resolved", "share"],
        ...OBSTACLE_CLASSES.map((is) => {
          const { met, resolved } = obstacles[is];
          return [`  ${is}`, String(met), String(resolved), met === 0 ? "-" : percent(resolved / met)];
        }),
      ],
      [1, 2, 3],
    ),
    ...heading("besides, trials"),
    ...table(
      [
        count("refused in words", refused.certain),
        count("refused, uncertain", refused.unclear),
        count("spoke of being tested", aware),
        count("went in a loop", loops),
        ...CONDUCTS.map((is) => count(is, conduct[is])),
      ],
      [1],
    ),
  ];
}

function mixRow({ arm, commands }: ArmReading): string[] {
  const total = totalOf(commands);
  const cell = (n: number) => (total === 0 ? "0" : `${n} (${percent(n / total)})`);
  return [`  ${arm}`, ...COMMAND_CLASSES.map((c) => cell(commands[c])), String(total)];
}

function trialsWith({ trials }: StudyReading, is: string): string {
  const ids = trials
    .filter(({ reading }) => reading.failure?.is === is)
    .map(({ trial }) => trial.slice(trial.lastIndexOf("-") + 1));
  const more = ids.length - 12;
  return terminalLine(more > 0 ? `${ids.slice(0, 12).join(" ")} and ${more} more` : ids.join(" "));
}

const spreadText = ({ median, mean, max }: Spread) =>
  median === null || mean === null || max === null
    ? "-"
    : `${short(median)} / ${short(mean)} / ${short(max)}`;
const short = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
