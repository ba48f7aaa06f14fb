import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readHandOptions, type HandOptions } from "../agent/hand-options.ts";
import { talk } from "../agent/talk.ts";

/** `redline agent chat`: the interactive loop in a cell; each line of `input` is a task for the agent. */
export async function agentChat(
  context: Context,
  options: HandOptions & { readonly json: boolean },
  input: NodeJS.ReadableStream = process.stdin,
): Promise<ExitCode> {
  const { err } = context.terminal;
  const read = await readHandOptions(context, options, "");
  return talk(
    context,
    {
      ...read,
      mode: { do: "chat" },
      input,
      onReady: (brain) =>
        err.line(
          `${read.order.specimen} with ${terminalLine(brain)} is up in its cell. A line is a task; Ctrl-D or exit ends, Ctrl-C ends at once.`,
        ),
    },
    options,
  );
}
