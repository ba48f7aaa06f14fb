import { CommanderError } from "commander";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";

/** Runs the command line and turns every error into a message on stderr and an exit code; nothing else does. */
export async function runCli(argv: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.done;
  const program = buildProgram(context, async (command) => {
    code = await command();
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return report(error, context);
  }
}

async function report(error: unknown, { terminal: { err }, env }: Context): Promise<number> {
  const { terminalText } = await import("@redline/shared");
  const message = error instanceof Error ? error.message : String(error);
  err.line(`${err.paint.bad("error:")} ${terminalText(message, 8000)}`);
  if (error instanceof CliError && error.remedy !== undefined) err.line(`try: ${terminalText(error.remedy)}`);
  const planned = error instanceof CliError;
  if ((!planned || env["REDLINE_DEBUG"] !== undefined) && error instanceof Error)
    err.line(terminalText(error.stack ?? "", 8000));
  return planned ? error.code : EXIT.unexpected;
}
