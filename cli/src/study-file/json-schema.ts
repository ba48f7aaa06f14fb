import { studySchema } from "@redline/shared";
import { z } from "zod";

/** JSON Schema of a study file as a person writes it (defaults may be left out), for editors. */
export function studyJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(studySchema, { io: "input" });
  return { $schema, title: "Redline study file", ...rest };
}
