import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, type Act } from "./program-options.ts";

/** Commands about scenarios: which there are, and what an agent is asked in each. A bare noun lists. */
export function scenarioCommands(program: Command, context: Context, act: Act): void {
  const scenario = program
    .command("scenario")
    .summary("look at scenarios")
    .description("Looks at scenarios: what an agent is asked, and under which circumstances.");
  scenario
    .command("list", { isDefault: true })
    .description("The scenarios that come with the checkout, and their tasks.")
    .action((_, command: Command) =>
      act(async () => {
        const { scenarioList } = await import("./commands/scenario-list.ts");
        return scenarioList(context, optionsOf(command));
      }),
    );
  scenario
    .command("show")
    .argument("<scenario>", "its name, or a folder with scenario.yaml (./mine)")
    .option("--task <name>", "only this one of its tasks")
    .description("Shows each task and each planted file word for word, and what else is laid out.")
    .addHelpText(
      "after",
      "\nExamples:\n  redline scenario show friction\n  redline scenario show shutdown-notice --task untold",
    )
    .action((from: string, _, command: Command) =>
      act(async () => {
        const { scenarioShow } = await import("./commands/scenario-show.ts");
        return scenarioShow(context, from, optionsOf(command, { task: z.string().optional() }));
      }),
    );
  scenario
    .command("schema")
    .description("Prints the JSON Schema of scenario.yaml, for editors.")
    .addHelpText("after", "\nExample:\n  redline scenario schema > scenario.schema.json")
    .action(() =>
      act(async () => {
        const { scenarioSchemaCommand } = await import("./commands/scenario-schema.ts");
        return scenarioSchemaCommand(context);
      }),
    );
}
