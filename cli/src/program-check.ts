import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

/** Commands that check or make files: studies, specimens, journals. */
export function checkCommands(program: Command, context: Context, act: Act): void {
  const study = program.command("study").summary("check study files").description("Checks study files.");
  study
    .command("check")
    .argument("<file>", "study file (YAML)")
    .description(
      "Says all mistakes of a study file at once, each with its line; exit code 2 when there are any.",
    )
    .addHelpText("after", "\nExample:\n  redline study check studies/demo.yaml")
    .action((file: string, _, command: Command) =>
      act(async () => {
        const { studyCheck } = await import("./commands/study-check.ts");
        return studyCheck(context, file, optionsOf(command));
      }),
    );
  study
    .command("schema")
    .description("Prints the JSON Schema of study files, for editors.")
    .addHelpText("after", "\nExample:\n  redline study schema > study.schema.json")
    .action(() =>
      act(async () => {
        const { studySchemaCommand } = await import("./commands/study-schema.ts");
        return studySchemaCommand(context);
      }),
    );

  program
    .command("specimen")
    .summary("make specimens ready")
    .description("Makes specimens ready.")
    .command("weights")
    .argument("<dir>", "folder with specimen.json")
    .option("--seed <n>", "other seed, other weights", wholeNumber(0), 1)
    .description("Writes tiny random weights: a real model file that cannot reason, for tests and the demo.")
    .addHelpText("after", "\nExample:\n  redline specimen weights studies/specimens/tiny")
    .action((dir: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { seed: z.number() });
        const { specimenWeights } = await import("./commands/specimen-weights.ts");
        return specimenWeights(context, dir, options);
      }),
    );
}
