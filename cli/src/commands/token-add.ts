import { HTTP_ROLES, newHttpToken, parseHttpTokens, whyNoTokenName } from "@redline/daemon";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { changeTokens, type TokensFileOptions } from "../lab-folder/tokens-file.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline token add NAME`: prints a new token, once; only its digest is kept. */
export async function tokenAdd(
  context: Context,
  name: string,
  options: TokensFileOptions & { json: boolean; role: string },
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const role = HTTP_ROLES.find((one) => one === options.role);
  if (role === undefined)
    throw new CliError(EXIT.usage, `--role: expected reader or operator, got "${options.role}"`);
  const why = whyNoTokenName(name);
  if (why !== null) throw new CliError(EXIT.usage, `the name: ${why}`);
  const { token, sha256 } = newHttpToken();
  const path = await changeTokens(context, options, (text) => {
    if (parseHttpTokens(text).some((known) => known.name === name))
      throw new CliError(EXIT.usage, `there is a token of the name ${name} already`, {
        remedy: `remove it first: redline token remove ${name}`,
      });
    return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${role} ${name} ${sha256}\n`;
  });
  if (options.json) out.line(safeJson({ name, role, token, file: path }, 2));
  else {
    // Alone on stdout, so that it can go straight into a file of mode 0600.
    err.line(`token of ${name} (${role}); it is not shown again. ${path} has its digest.`);
    out.line(token);
  }
  return EXIT.done;
}
