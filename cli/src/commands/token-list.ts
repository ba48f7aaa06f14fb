import { parseHttpTokens } from "@redline/daemon";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { changeTokens, type TokensFileOptions } from "../lab-folder/tokens-file.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline token list`: names and roles; the tokens themselves are nowhere. */
export async function tokenList(
  context: Context,
  options: TokensFileOptions & { json: boolean },
): Promise<ExitCode> {
  const { out } = context.terminal;
  let tokens: { name: string; role: string }[] = [];
  await changeTokens(context, options, (text) => {
    tokens = parseHttpTokens(text).map(({ name, role }) => ({ name, role }));
    return null;
  });
  if (options.json) out.line(safeJson({ tokens }, 2));
  else for (const { name, role } of tokens) out.line(`${role.padEnd(8)}  ${name}`);
  if (!options.json && tokens.length === 0) out.line("no tokens");
  return EXIT.done;
}
