import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, type Act } from "./program-options.ts";

/** The kill that needs no coordinator. */
export function killCommands(program: Command, context: Context, act: Act): void {
  program
    .command("kill")
    .summary("end everything on every node, without the coordinator")
    .description(
      "For when the coordinator cannot be reached: publishes a kill, signed with its key, on NATS; for a lab on this host, leaves a kill file with every node. Nodes that hear it end every cell and take no work until `redline node clear`.",
    )
    .option("--nats <url...>", "NATS servers", [])
    .option("--key <file>", "the coordinator's signing key (default: coordinator/coordinator.key of --state)")
    .option("--nkey <file>", "the coordinator's NKey seed (default: keys/coordinator.nk of --state)")
    .option("--ca <file>", "CA of the NATS servers, where they speak TLS")
    .option("--as <name>", "the coordinator whose seed --nkey is, where a lab has two", "coordinator")
    .option("--why <text>", "reason, kept in the nodes' journals", "killed by hand")
    .addHelpText(
      "after",
      `
Exit code 4 when no node answered. The answers of 3 seconds are shown; a node that is silent may have heard it all the same.
With --state alone (or neither) the nodes are those of the lab whose state folder it is, which is asked by file: that works
without NATS, and from outside of the lab's own network.

Examples:
  redline kill --nats nats://192.0.2.10:4222 --key coordinator.key --nkey coordinator.nk --why "fire drill"
  redline kill --state .redline/latest`,
    )
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, {
          nats: z.array(z.string()),
          key: z.string().optional(),
          nkey: z.string().optional(),
          ca: z.string().optional(),
          as: z.string(),
          why: z.string(),
        });
        const { killCommand } = await import("./commands/kill.ts");
        return killCommand(context, options);
      }),
    );
}
