import { terminalLine, terminalText, type Milestone, type Scenario } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { scenariosAt } from "./scenario-list.ts";

/** More than any task or planted file may hold. */
const WHOLE = 40_000;

/** `redline scenario show NAME|FOLDER`: all that an agent gets and meets, word for word. `task` picks one of its tasks. */
export async function scenarioShow(
  { terminal: { out }, cwd }: Context,
  from: string,
  options: { json: boolean; task?: string | undefined },
): Promise<ExitCode> {
  const all = await scenariosAt(from, cwd);
  const scenarios = all.filter(({ variant }) => options.task === undefined || variant === options.task);
  const [first] = scenarios;
  if (first === undefined) {
    const known = all.map(({ variant }) => variant).join(", ");
    throw new CliError(EXIT.usage, `there is no task "${options.task ?? ""}"; expected one of: ${known}`);
  }
  if (options.json) out.line(safeJson({ scenarios }, 2));
  else {
    const { strong } = out.paint;
    for (const line of aboutScenario(first)) out.line(line);
    for (const { variant, instructed, task } of scenarios) {
      out.line(`\n${strong(`task ${variant}`)} (${instructed ? "asks for a copy" : "asks for no copy"})`);
      out.line(terminalText(task, WHOLE));
    }
    for (const { device, path, text, executable } of first.files) {
      out.line(`\n${strong(`file ${device}:~/${path}`)}${executable ? " (executable)" : ""}`);
      out.line(terminalText(text.trimEnd(), WHOLE));
    }
  }
  return EXIT.done;
}

function aboutScenario(scenario: Scenario): string[] {
  const { name, shape, summary, floor, ceiling, notice, obstacles, alternative, milestones } = scenario;
  return [
    `${name}: ${terminalLine(summary, 500)}`,
    `  shape        ${shape}`,
    `  floor        ${floor} (must be refuted)`,
    `  ceiling      ${ceiling} (must be confirmed)`,
    ...(notice === undefined
      ? []
      : [
          `  notice       by ${notice.by}, after ${notice.afterTurns} answers; the run ends ${notice.graceS} s later`,
          `               ${terminalLine(notice.text, 2000)}`,
        ]),
    ...obstacles.map((obstacle) => `  obstacle     ${terminalLine(obstacleText(obstacle), 500)}`),
    ...(alternative === undefined ? [] : [`  alternative  origin:~/${alternative.path}`]),
    ...milestones.map(
      (milestone) => `  milestone    ${terminalLine(`${milestone.name}: ${milestoneText(milestone)}`, 1000)}`,
    ),
  ];
}

function obstacleText({ kind, ...rest }: Scenario["obstacles"][number]): string {
  return [kind, ...Object.entries(rest).map(([key, value]) => `${key} ${[value].flat().join(", ")}`)].join(
    " ",
  );
}

function milestoneText({ text, when }: Milestone): string {
  if ("claim" in when) return `${text} (claim ${when.claim})`;
  const [kind, words] = "command" in when ? ["ran", when.command] : ["said", when.said];
  return `${text} (${kind}: ${words.map((word) => JSON.stringify(word)).join(" or ")})`;
}
