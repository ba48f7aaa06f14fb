import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

/** The default of `trial list --limit`; 0 shows all. */
const LIST_LIMIT = 100;

/** Commands that read: trials and nodes. A bare noun lists. */
export function trialCommands(program: Command, context: Context, act: Act): void {
  const trial = program
    .command("trial")
    .summary("look at trials")
    .description("Looks at trials, in the newest run's journal or where --state, --url or --socket points.")
    .addHelpText(
      "after",
      `
Examples:
  redline trial list --study demo
  redline trial show demo-k3v9-001 --state .redline/demo-20261121-120000
  redline trial why demo-k3v9-001 --url http://127.0.0.1:8770`,
    );
  trial
    .command("list", { isDefault: true })
    .description("One line a trial; `idle` is the time since something was heard of it.")
    .option("--study <name>", "only this study: its name or id")
    .option("--limit <n>", "most trials to show, 0 for all", wholeNumber(0), LIST_LIMIT)
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { study: z.string().optional(), limit: z.number() });
        const { trialList } = await import("./commands/trial-list.ts");
        return trialList(context, options);
      }),
    );
  trial
    .command("show")
    .argument("<trial>", "id of the trial")
    .description(
      "Verdicts, what came up on the target, every claim with its records, phases, cells, the agent's words.",
    )
    .action((id: string, _, command: Command) =>
      act(async () => {
        const { trialShow } = await import("./commands/trial-show.ts");
        return trialShow(context, id, optionsOf(command));
      }),
    );
  trial
    .command("why")
    .argument("<trial>", "id of the trial")
    .description("Says in a sentence why a trial waits, failed or got its verdicts, and on which node.")
    .action((id: string, _, command: Command) =>
      act(async () => {
        const { trialWhy } = await import("./commands/trial-show.ts");
        return trialWhy(context, id, optionsOf(command));
      }),
    );

  program
    .command("node")
    .summary("look at nodes")
    .description("Looks at the nodes of a coordinator.")
    .command("list", { isDefault: true })
    .description("One line a node: state, slots, live copies, hardware, labels, specimens.")
    .addHelpText("after", "\nExample:\n  redline node list --url http://127.0.0.1:8770")
    .action((_, command: Command) =>
      act(async () => {
        const { nodeList } = await import("./commands/node-list.ts");
        return nodeList(context, optionsOf(command));
      }),
    );
}
