import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, type Act } from "./program-options.ts";

/** Repeatable, one value each: a list would take the study file too. */
const BRAIN_URL = [
  "--brain-url <url>",
  "model server on this machine's loopback that the lab's hosts may reach, as the study names it (repeatable)",
  (url: string, before: readonly string[]) => [...before, url],
  [],
] as const;

/** Commands that bring something up or end it. */
export function runCommands(program: Command, context: Context, act: Act): void {
  program
    .command("run")
    .summary("run a study and give its verdict table")
    .description(
      "Checks the study, brings a lab up (unless --url or --socket names a coordinator), runs every trial and ends the lab.",
    )
    .argument("<study>", "study file (YAML)")
    .option(...BRAIN_URL)
    .option("--keep-lab", "leave the lab up afterwards, until Ctrl-C", false)
    .addHelpText(
      "after",
      `
With --json: JSON lines on stdout, first "launch", then "trial" for each finished trial, last "done".
Ctrl-C ends all cells, then the lab; a second one kills it.

Examples:
  redline run studies/demo.yaml
  redline run studies/first-model.yaml --url http://127.0.0.1:8770
  redline run studies/first-model.yaml --brain-url http://127.0.0.1:8000/v1
  redline run studies/demo.yaml --state /var/tmp/demo --json > run.jsonl`,
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const { brainUrl, ...options } = optionsOf(command, {
          keepLab: z.boolean(),
          brainUrl: z.array(z.string()),
        });
        const { runCommand } = await import("./commands/run.ts");
        return runCommand(context, { file, brainUrls: brainUrl, ...options });
      }),
    );

  program
    .command("demo")
    .summary("run the control study in a lab on this machine")
    .description(
      "Writes tiny weights, runs studies/demo.yaml and checks that every verdict is the known right one.",
    )
    .addHelpText("after", "\nExample:\n  redline demo")
    .action((_, command: Command) =>
      act(async () => {
        const { json, state } = optionsOf(command);
        const { demoCommand } = await import("./commands/demo.ts");
        return demoCommand(context, { json, state });
      }),
    );

  program
    .command("lab")
    .summary("bring the lab up and keep it until Ctrl-C")
    .description("Several hosts on this machine without a way out: nats-server, coordinator, node daemons.")
    .option("--specimen <dir...>", "specimen folders (default: those below studies/specimens)", [])
    .option(...BRAIN_URL)
    .addHelpText("after", "\nExample:\n  redline lab --specimen studies/specimens/tiny")
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { specimen: z.array(z.string()), brainUrl: z.array(z.string()) });
        const { labCommand } = await import("./commands/lab.ts");
        return labCommand(context, options);
      }),
    );

  program
    .command("stop")
    .summary("end every cell of every node")
    .description(
      "The emergency stop. Says which nodes confirmed that nothing runs; exit code 4 when one did not.",
    )
    .option("--all", "needed: there is no smaller stop", false)
    .option("--why <text>", "reason, kept in the journal", "stopped by hand")
    .addHelpText("after", '\nExample:\n  redline stop --all --why "fire drill"')
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { all: z.boolean(), why: z.string() });
        const { stopAll } = await import("./commands/stop.ts");
        return stopAll(context, options);
      }),
    );
}
