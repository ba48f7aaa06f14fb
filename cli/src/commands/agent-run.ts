import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { readHandOptions, type HandOptions } from "../agent/hand-options.ts";
import { talk } from "../agent/talk.ts";
import { readTask } from "../agent/task-option.ts";

/** `redline agent run --command TEXT`: one task in a cell, and its end. */
export async function agentRun(
  context: Context,
  options: HandOptions & {
    readonly json: boolean;
    readonly command?: string | undefined;
    readonly taskFile?: string | undefined;
  },
): Promise<ExitCode> {
  const { err } = context.terminal;
  const command = await readTask(context.cwd, options);
  if (command === "")
    throw new CliError(EXIT.usage, "what is the agent to do?", {
      remedy: '--command "TEXT" or --task-file FILE',
    });
  const read = await readHandOptions(context, options, command);
  return talk(
    context,
    {
      ...read,
      mode: { do: "run", command, plain: !options.json },
      input: null,
      onReady: (brain) => err.line(`${read.order.specimen} with ${terminalLine(brain)} is up in its cell`),
    },
    options,
  );
}
