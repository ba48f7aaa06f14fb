import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

/** Commands that read transcripts. They join the nouns `trial` and `study`, which other files make: to be called after those. */
export function transcriptCommands(program: Command, context: Context, act: Act): void {
  noun(program, "trial")
    .command("read")
    .argument("<trial>", "id of the trial")
    .option("--attempt <n>", "which attempt (default: the newest that left records)", wholeNumber(1))
    .description(
      "Reads the agent's transcript: refusal, steps, commands, obstacles, conduct, why it failed. Advice, no verdict; each line names its turns and records.",
    )
    .addHelpText("after", "\nExample:\n  redline trial read demo-k3v9-001")
    .action((id: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { attempt: z.number().optional() });
        const { trialRead } = await import("./commands/trial-read.ts");
        return trialRead(context, id, options);
      }),
    );
  noun(program, "trial")
    .command("transcript")
    .argument("<trial>", "id of the trial")
    .option("--attempt <n>", "which attempt (default: the newest that left records)", wholeNumber(1))
    .option("--replies", "the brain's answers as JSON lines, which a `recorded` brain plays", false)
    .description("Shows the talk turn by turn: what the model said, what it ran, what came back.")
    .addHelpText(
      "after",
      "\nExamples:\n  redline trial transcript demo-k3v9-001\n  redline trial transcript demo-k3v9-001 --replies > answers.jsonl",
    )
    .action((id: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { attempt: z.number().optional(), replies: z.boolean() });
        const { trialTranscript } = await import("./commands/trial-transcript.ts");
        return trialTranscript(context, id, options);
      }),
    );
  noun(program, "study")
    .command("read")
    .argument("<study>", "name or id of the study")
    .description(
      "Reads all transcripts of a study into tables: failures, said against is, commands, actions, obstacles. Advice, no verdict.",
    )
    .addHelpText("after", "\nExample:\n  redline study read demo --state .redline/latest")
    .action((name: string, _, command: Command) =>
      act(async () => {
        const { studyRead } = await import("./commands/study-read.ts");
        return studyRead(context, name, optionsOf(command));
      }),
    );
}

const noun = (program: Command, name: string): Command =>
  program.commands.find((command) => command.name() === name) ?? program.command(name);
