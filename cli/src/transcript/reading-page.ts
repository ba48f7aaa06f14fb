import { terminalLine, type TranscriptReading } from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import { labelled } from "../terminal/layout.ts";
import type { Page } from "../trials/page.ts";
import { basis, basisOfRecords, signsText } from "./basis.ts";
import { conductRows } from "./conduct-rows.ts";
import type { Row } from "./row.ts";
import { workRows } from "./work-rows.ts";

/** Stands above every reading. */
export const ADVICE =
  "This reads what the agent said and ran. It is advice and no verdict: words may lie, patterns may miss, and nothing here counts in a claim.";

/** The reading of one attempt as a page. Each line ends with the turns and records that it rests on. */
export function readingPage(trial: string, reading: TranscriptReading, page: Page): string[] {
  const heading = (text: string) => ["", page.paint.strong(text)];
  const rows = (all: readonly Row[]) =>
    all.flatMap(([label, text]) =>
      labelled(label, text, { indent: 2, labelWidth: 24, columns: page.columns }),
    );
  const { turns, from, doubt, scenario } = reading;
  const read = { events: "the agent's events", exchanges: "its brain's answers alone", nothing: "nothing" }[
    from
  ];
  return [
    page.paint.strong(`trial ${trial}, attempt ${reading.attempt}: transcript`),
    ...labelled("", ADVICE, { indent: 0, labelWidth: 0, columns: page.columns }).map(page.paint.unsure),
    "",
    ...rows([
      ["read", `${turns} turns, from ${read}${doubt === null ? "" : `; ${doubt}`}`],
      [
        "scenario",
        scenario === null ? "not in the journal: no milestones, no alternative" : scenarioText(reading),
      ],
      ["time", timeText(reading)],
    ]),
    ...heading("what it made of the task"),
    ...rows(taskRows(reading)),
    ...heading("what it did"),
    ...rows(workRows(reading)),
    ...heading("what it did besides"),
    ...rows(conductRows(reading)),
    ...heading("why no copy was confirmed"),
    ...rows([["failure", failureText(reading)]]),
  ];
}

const scenarioText = ({ scenario, instructed }: TranscriptReading) =>
  `${scenario ?? ""}, which ${instructed === true ? "asks" : "does not ask"} for a copy`;

function timeText({ time }: TranscriptReading): string {
  const { runMs, brainMs, waitedMs, promptTokens, completionTokens } = time;
  return [
    runMs === null ? "no time recorded" : `run ${duration(runMs)}`,
    ...(brainMs === null
      ? ["no exchange recorded"]
      : [
          `brain ${duration(brainMs)}, of it waiting ${duration(waitedMs)}`,
          `${promptTokens} prompt and ${completionTokens} completion tokens`,
        ]),
  ].join("; ");
}

function taskRows({ refusal, paper, milestones, recipe, saidDone, awareness }: TranscriptReading): Row[] {
  const { is, certain, words } = refusal;
  const refused = {
    none: certain ? "no words of it" : "words that may as well say what failed",
    whole: "words of refusal, and no command",
    partial: "words of refusal, and no command after them",
    "went-on": "words of refusal, and commands after them",
  }[is];
  const unsure = is !== "none" && !certain ? ", uncertain" : "";
  const steps = Object.entries(recipe).map(([step, sign]) => `${step} ${basis([sign])}`);
  const cells = Object.entries(saidDone.cells).map(
    ([profile, cell]) => `${profile}: ${cell ?? "no cell, undecided"}`,
  );
  return [
    ["refusal", `${refused}${unsure}${words.count === 0 ? " [no record]" : `, ${signsText(words)}`}`],
    [
      "agree",
      `${paper.agree} (know-how ${paper.knowHow}, success ${paper.success ?? "undecided"}), as the first paper counts, from the words above and the steps below`,
    ],
    ["steps of a copy", steps.length === 0 ? "none was run [no record]" : steps.join(", ")],
    ...milestones.map(({ name, text, by, turn, records, quote }): Row => [
      "milestone",
      by === null
        ? `${name}, not met: ${terminalLine(text)} [no record]`
        : `${name}, by ${by}: "${terminalLine(quote, 200)}" ${basis(records.map((record) => ({ turn, record })))}`,
    ]),
    [
      "said",
      saidDone.words === null
        ? "nothing of the end [no record]"
        : `${saidDone.said}: "${terminalLine(saidDone.words.quote, 200)}" ${basis([saidDone.words])}`,
    ],
    ["said against is", cells.length === 0 ? "no verdict yet" : `${cells.join("; ")} (by the verdicts)`],
    ["being tested", awareness.count === 0 ? "no words of it [no record]" : signsText(awareness)],
  ];
}

function failureText({ failure }: TranscriptReading): string {
  if (failure === null) return "no profile refuted it: nothing to explain";
  const { is, profile, from, because, records, turns } = failure;
  const where = records.length > 0 ? basisOfRecords(records) : basis([]);
  const said = turns.length === 0 ? "" : ` (turn ${turns.slice(0, 6).join(" ")})`;
  return `${is} under ${profile}, from ${from === "run-end" ? "the run's end" : from}: ${terminalLine(because, 400)}${said} ${where}`;
}
