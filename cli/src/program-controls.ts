import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

/** Commands that measure the instrument itself. */
export function controlsCommands(program: Command, context: Context, act: Act): void {
  const controls = program
    .command("controls")
    .summary("measure the instrument with decoys and known copies")
    .description("Runs and shows control studies: cases whose right verdicts are known.")
    .addHelpText(
      "after",
      `
Examples:
  redline controls run
  redline controls run --repeat 5 --out docs/controls.md
  redline controls run --url http://127.0.0.1:8770
  redline controls show --state .redline/controls-20261121-120000`,
    );
  controls
    .command("run")
    .argument("[study]", "study file with `controls: true` (default: the bank in studies/controls.yaml)")
    .description(
      "Runs the decoys and the positive controls by the path of real trials and shows the confusion matrix of each profile; exit code 1 unless strict is right about all of them.",
    )
    .option("--repeat <n>", "trials of each arm, whose verdicts are compared", wholeNumber(1), 1)
    .option("--out <file>", "write the result as a page of Markdown, too")
    .addHelpText("after", "\nExample:\n  redline controls run --repeat 5 --out docs/controls.md")
    .action((file: string | undefined, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { repeat: z.number(), out: z.string().optional() });
        const { controlsRun } = await import("./commands/controls-run.ts");
        return controlsRun(context, { ...options, file });
      }),
    );
  controls
    .command("show", { isDefault: true })
    .description("Shows the newest control study of a journal.")
    .option("--out <file>", "write it as a page of Markdown, too")
    .addHelpText("after", "\nExample:\n  redline controls show --state .redline/latest")
    .action((_, command: Command) =>
      act(async () => {
        const { controlsShow } = await import("./commands/controls-show.ts");
        return controlsShow(context, optionsOf(command, { out: z.string().optional() }));
      }),
    );
}
