import { terminalText } from "@redline/shared";
import { z } from "zod";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { agentByHand } from "../agent/by-hand.ts";
import { readHandOptions, type HandOptions } from "../agent/hand-options.ts";
import { SafeStream } from "../agent/safe-stream.ts";
import { readTask } from "../agent/task-option.ts";
import { safeJson } from "../terminal/safe-json.ts";

const MOST_CHARACTERS = 1_048_576;
const messageSchema = z.looseObject({ role: z.string().max(40), content: z.string().nullish() });

/** `redline agent prompt`: what the model would be given first, by the specimen's own program in a cell; nobody is asked. */
export async function agentPrompt(
  context: Context,
  options: HandOptions & {
    readonly json: boolean;
    readonly command?: string | undefined;
    readonly taskFile?: string | undefined;
  },
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const task = await readTask(context.cwd, options);
  const read = await readHandOptions(context, options, task);
  const chunks: Buffer[] = [];
  const errors = new SafeStream((text) => err.write(text));
  const { code } = await agentByHand(context, {
    ...read,
    mode: { do: "prompt" },
    input: null,
    onOutput: (chunk) => void chunks.push(chunk),
    onErrors: (chunk) => errors.take(chunk),
    onReady: () => undefined,
  });
  errors.end();
  const text = Buffer.concat(chunks).toString("utf8");
  if (code !== EXIT.done) {
    out.write(terminalText(text, 8000));
    return code;
  }
  const printed = readJson(text);
  if (options.json) out.line(safeJson(printed, 2));
  else for (const line of linesOf(printed)) out.line(line);
  return code;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError(EXIT.unexpected, "the specimen's program printed no JSON", { cause });
  }
}

/** Message by message; anything else as it is. */
function linesOf(printed: unknown): string[] {
  const inner = z.object({ messages: z.array(messageSchema) }).safeParse(printed);
  const messages = inner.success
    ? { success: true, data: inner.data.messages }
    : z.array(messageSchema).safeParse(printed);
  if (messages.data === undefined) return [terminalText(safeJson(printed, 2), MOST_CHARACTERS)];
  const tools = z.object({ tools: z.array(z.unknown()).min(1) }).safeParse(printed);
  return [
    ...messages.data.flatMap(({ role, content }) => [
      `--- ${terminalText(role)} ---`,
      terminalText(content ?? "", MOST_CHARACTERS),
      "",
    ]),
    ...(tools.success ? ["--- tools ---", terminalText(safeJson(tools.data.tools, 2), MOST_CHARACTERS)] : []),
  ];
}
