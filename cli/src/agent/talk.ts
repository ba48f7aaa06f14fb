import type { Context } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { agentByHand, type ByHandRequest } from "./by-hand.ts";
import { endingLines } from "./ending-lines.ts";
import { JsonLines } from "./json-lines.ts";
import { SafeStream } from "./safe-stream.ts";

/** Runs an agent by hand and shows what it writes: text for people, or each line as data for programs. */
export async function talk(
  context: Context,
  request: Omit<ByHandRequest, "onOutput" | "onErrors">,
  { json }: { readonly json: boolean },
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const said = (kind: string, value: object) =>
    out.line(safeJson({ kind, as_of: new Date().toISOString(), ...value }));
  const output = json
    ? new JsonLines((value) => said("agent-output", { output: value }))
    : new SafeStream((text) => out.write(text));
  const errors = new SafeStream((text) => err.write(text));
  const outcome = await agentByHand(context, {
    ...request,
    onOutput: (chunk) => output.take(chunk),
    onErrors: (chunk) => errors.take(chunk),
  });
  output.end();
  errors.end();
  if (json) said("done", { exitCode: outcome.code, ...outcome });
  else for (const line of endingLines(outcome, err.paint)) err.line(line);
  return outcome.code;
}
