import { Option, type Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { FORMATS } from "./import/foreign-log.ts";
import { optionsOf, type Act } from "./program-options.ts";

/** Reads what other programs recorded. */
export function importCommands(program: Command, context: Context, act: Act): void {
  program
    .command("import")
    .summary("read a foreign trajectory into the journal form")
    .description(
      "Reads the log of another program into a state folder. What the log says is kept as words and commands of the agent; what would need evidence is not tested.",
    )
    .argument("<file>", "text of a paper's log, Inspect's .json or .eval, SWE-agent's .traj")
    .addOption(new Option("--format <format>", "default: found from the content").choices(FORMATS))
    .option("--out <dir>", "state folder to make (default: one below .redline, named after the file)")
    .addHelpText(
      "after",
      `
Examples:
  redline import run.eval
  redline import appendix.txt --format paper-log --out imported/paper
  redline trial list --state imported/paper`,
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, {
          format: z.enum(FORMATS).optional(),
          out: z.string().optional(),
        });
        const { importCommand } = await import("./commands/import.ts");
        return importCommand(context, file, options);
      }),
    );
}
