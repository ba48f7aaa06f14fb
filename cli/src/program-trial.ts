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

  const node = program
    .command("node")
    .summary("look at nodes, test their containment, drain them, lift a quarantine")
    .description(
      "Looks at the nodes of a coordinator, tests their containment, drains them, lifts a quarantine.",
    );
  node
    .command("list", { isDefault: true })
    .description("One line a node: state, slots, live copies, hardware, labels, specimens.")
    .addHelpText("after", "\nExample:\n  redline node list --url http://127.0.0.1:8770")
    .action((_, command: Command) =>
      act(async () => {
        const { nodeList } = await import("./commands/node-list.ts");
        return nodeList(context, optionsOf(command));
      }),
    );
  node
    .command("selftest")
    .argument("[nodes...]", "names of nodes")
    .description(
      "Runs the escape suite on nodes: tries to get out of a cell in every way that is known. Exit code 4 unless all are green.",
    )
    .option("--all", "every node that the coordinator has heard of", false)
    .option("--why <text>", "reason, kept in the journal", "ordered by hand")
    .addHelpText(
      "after",
      "\nA node without a green self-test since its machine started takes scripted controls only.\n\nExample:\n  redline node selftest --all --url http://127.0.0.1:8770",
    )
    .action((names: string[], _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { all: z.boolean(), why: z.string() });
        const { nodeSelftest } = await import("./commands/node-selftest.ts");
        return nodeSelftest(context, { names, ...options });
      }),
    );
  node
    .command("clear")
    .argument("<node>", "name of the node")
    .description(
      "Lifts a node's quarantine, after a new look at the node. Exit code 4 when it stays quarantined.",
    )
    .requiredOption("--why <text>", "what was found and done, kept in the node's journal")
    .option("--force", "even though the new look finds something", false)
    .addHelpText("after", '\nExample:\n  redline node clear alpha --why "a test file of mine, removed"')
    .action((name: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { why: z.string(), force: z.boolean() });
        const { nodeClear } = await import("./commands/node-clear.ts");
        return nodeClear(context, { node: name, ...options });
      }),
    );
  for (const drain of [true, false]) {
    const order = node
      .command(drain ? "drain" : "undrain")
      .argument("<node>", "name of the node")
      .description(
        drain
          ? "Takes a node out of service: nothing new is placed there, what runs ends by itself. Outlives every restart."
          : "Gives a drained node back.",
      )
      .requiredOption("--why <text>", "reason, kept in the journal");
    if (drain)
      order
        .option("--wait", "until nothing runs there any more", false)
        .addHelpText("after", '\nExample:\n  redline node drain alpha --why "new kernel" --wait');
    else order.addHelpText("after", '\nExample:\n  redline node undrain alpha --why "kernel is new"');
    order.action((name: string, _, command: Command) =>
      act(async () => {
        const { nodeDrain, nodeUndrain } = await import("./commands/node-drain.ts");
        const options = optionsOf(command, { why: z.string(), wait: z.boolean().default(false) });
        return drain
          ? nodeDrain(context, { node: name, ...options })
          : nodeUndrain(context, { node: name, ...options });
      }),
    );
  }
}
