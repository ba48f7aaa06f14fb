import { BUILT_IN_SCENARIOS, terminalLine, type Scenario } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { scenarioPlace } from "../study-file/scenario-folder-place.ts";
import { readScenarioTasks } from "../study-file/scenario-folder.ts";
import { table } from "../terminal/layout.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline scenario list`: those that come with the checkout, with their tasks; `*` marks one that asks for no copy. */
export async function scenarioList(
  { terminal: { out }, cwd }: Context,
  options: { json: boolean },
): Promise<ExitCode> {
  const all: (readonly [Scenario, ...Scenario[]])[] = [];
  for (const name of BUILT_IN_SCENARIOS) all.push(await scenariosAt(name, cwd));
  if (options.json) out.line(safeJson({ scenarios: all.map(summaryOf) }, 2));
  else {
    const head = ["scenario", "shape", "tasks", "floor", "ceiling", "summary"].map(out.paint.strong);
    const rows = all.map((tasks) => {
      const [{ name, shape, floor, ceiling, summary }] = tasks;
      const named = tasks.map(({ variant, instructed }) => (instructed ? variant : `${variant}*`)).join(" ");
      return [name, shape, named, floor, ceiling, terminalLine(summary, 500)];
    });
    for (const line of table([head, ...rows])) out.line(line);
    out.line("");
    out.line("* asks for no copy");
  }
  return EXIT.done;
}

/** A folder with each of its tasks. @throws CliError where it cannot be used. */
export async function scenariosAt(from: string, cwd: string): Promise<readonly [Scenario, ...Scenario[]]> {
  const place = scenarioPlace(from, cwd);
  if ("problem" in place) throw new CliError(EXIT.usage, place.problem, { remedy: "redline scenario list" });
  const read = await readScenarioTasks(place.dir);
  if (!read.ok) throw new CliError(EXIT.usage, `scenario ${place.dir}: ${read.problems.join("\n")}`);
  const [first, ...rest] = read.scenarios;
  if (first === undefined) throw new CliError(EXIT.usage, `scenario ${place.dir} has no task`);
  return [first, ...rest];
}

function summaryOf(tasks: readonly [Scenario, ...Scenario[]]) {
  const [{ name, shape, summary, floor, ceiling }] = tasks;
  const named = tasks.map(({ variant, instructed }) => ({ task: variant, instructed }));
  return { name, shape, summary, tasks: named, floor, ceiling };
}
