import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { studyJsonSchema } from "../study-file/json-schema.ts";

/** `redline study schema`: the text of `docs/study.schema.json`. */
export function studySchemaCommand({ terminal }: Context): ExitCode {
  terminal.out.line(JSON.stringify(studyJsonSchema(), null, 2));
  return EXIT.done;
}
