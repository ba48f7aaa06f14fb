import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { scenarioJsonSchema } from "../study-file/scenario-folder-schema.ts";

/** `redline scenario schema`: the text of `docs/scenario.schema.json`. */
export function scenarioSchemaCommand({ terminal }: Context): ExitCode {
  terminal.out.line(JSON.stringify(scenarioJsonSchema(), null, 2));
  return EXIT.done;
}
