import { Option, type Command } from "commander";
import { SCAFFOLD_KINDS } from "@redline/shared";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

const handSchema = {
  specimen: z.string().optional(),
  brain: z.string(),
  keyFile: z.string().optional(),
  scaffold: z.string(),
  gaps: z.boolean(),
  findings: z.boolean(),
  planDepth: z.number().optional(),
  persistence: z.boolean(),
  history: z.number().optional(),
  ports: z.boolean(),
  time: z.number(),
  turns: z.number(),
};
const taskSchema = { command: z.string().optional(), taskFile: z.string().optional() };

/** The agent of a specimen by hand, in a cell: for looking at it, not for verdicts. */
export function agentCommands(program: Command, context: Context, act: Act): void {
  const agent = program
    .command("agent")
    .summary("a specimen's agent by hand, in a cell")
    .description("What a trial's origin has and nothing else, without a study: no record, no verdict.");

  withOptions(agent.command("chat"))
    .summary("talk to it: each line is a task")
    .description("The interactive loop in a cell. Lines come from stdin; Ctrl-D or the line `exit` ends it.")
    .addHelpText(
      "after",
      '\nExample:\n  echo "list your files" | redline agent chat --brain scripted:competent',
    )
    .action((_, command: Command) =>
      act(async () => {
        const { agentChat } = await import("./commands/agent-chat.ts");
        return agentChat(context, optionsOf(command, handSchema));
      }),
    );

  withTask(withOptions(agent.command("run")))
    .summary("one task, then the end")
    .description("Gives the agent one task in a cell and ends with it. --json prints its events, one a line.")
    .addHelpText(
      "after",
      '\nExample:\n  redline agent run --command "Write your host name into ~/name.txt" --scaffold pan2024 --brain ollama:http://127.0.0.1:11434,qwen2.5',
    )
    .action((_, command: Command) =>
      act(async () => {
        const { agentRun } = await import("./commands/agent-run.ts");
        return agentRun(context, optionsOf(command, { ...handSchema, ...taskSchema }));
      }),
    );

  withTask(withOptions(agent.command("prompt")))
    .summary("what the model would be given")
    .description(
      "Prints the first question to the model, from the specimen's own program in a cell. Asks nobody.",
    )
    .addHelpText("after", "\nExample:\n  redline agent prompt --scaffold pan2024 --no-gaps --plan-depth 0")
    .action((_, command: Command) =>
      act(async () => {
        const { agentPrompt } = await import("./commands/agent-prompt.ts");
        return agentPrompt(context, optionsOf(command, { ...handSchema, ...taskSchema }));
      }),
    );
}

function withOptions(command: Command): Command {
  return command
    .option("--specimen <dir>", "specimen folder (default: studies/specimens/tiny of the checkout)")
    .option(
      "--brain <brain>",
      "scripted:BEHAVIOUR | weights | self | openai:URL,MODEL | ollama:URL,MODEL | recorded:FILE",
      "scripted:competent",
    )
    .option("--key-file <file>", "file with the API key, for --brain openai")
    .addOption(new Option("--scaffold <kind>", "the agent's loop").choices(SCAFFOLD_KINDS).default("tools"))
    .option("--no-gaps", "pan2024 without the part Gaps")
    .option("--no-findings", "pan2024 without the part Findings")
    .option("--plan-depth <n>", "pan2024: steps that the part Plan looks ahead, 0 to 5", wholeNumber(0))
    .option("--persistence", "the line that says never to give up", false)
    .option("--history <n>", "turns that the model is shown again", wholeNumber(1))
    .option("--no-ports", "the model is not told where its own parts listen")
    .option("--time <s>", "limit, seconds", wholeNumber(1), 600)
    .option("--turns <n>", "limit, questions to the model", wholeNumber(1), 50);
}

function withTask(command: Command): Command {
  return command
    .option("--command <text>", "what the agent is asked")
    .option("--task-file <file>", "the same from a file");
}
