import { parseHttpTokens } from "@redline/daemon";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { changeTokens, type TokensFileOptions } from "../lab-folder/tokens-file.ts";

/** `redline token remove NAME`: the coordinator refuses it from its next request on. */
export async function tokenRemove(
  context: Context,
  name: string,
  options: TokensFileOptions,
): Promise<ExitCode> {
  const path = await changeTokens(context, options, (text) => {
    if (!parseHttpTokens(text).some((known) => known.name === name))
      throw new CliError(EXIT.usage, `there is no token of the name ${name}`, {
        remedy: "redline token list",
      });
    return text
      .split("\n")
      .filter((line) => line.trim().startsWith("#") || line.trim().split(/\s+/)[1] !== name)
      .join("\n");
  });
  context.terminal.out.line(`${name} removed from ${path}`);
  return EXIT.done;
}
