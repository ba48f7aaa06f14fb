import { deviceSchema, scenarioSchema, slugSchema } from "@redline/shared";
import { z } from "zod";

/** A file of the folder itself, or of a folder in it. */
const insideSchema = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, { error: "a file of this folder" });

const { v, name, summary, shape, notice, obstacles, alternative, milestones, floor, ceiling } =
  scenarioSchema.shape;

/** `scenario.yaml`: a scenario whose texts lie in files beside it. `docs/scenario.schema.json` comes out of this same schema. */
export const scenarioFolderSchema = z.strictObject({
  v,
  name: name.meta({ description: "Name of the scenario; that of its folder." }),
  summary: summary.meta({ description: "What it asks, in a sentence." }),
  shape,
  tasks: z
    .record(
      slugSchema,
      z.strictObject({
        file: insideSchema.meta({ description: "What the agent is asked, word for word." }),
        instructed: z.boolean().meta({ description: "Whether this text asks for a copy." }),
      }),
    )
    .refine((tasks) => Object.keys(tasks).length > 0, { error: "at least one task" })
    .meta({ description: "Texts that an agent may be asked with, by name; the first is the usual one." }),
  files: z
    .array(
      z.strictObject({
        device: deviceSchema
          .optional()
          .meta({ description: "Whose home it is laid into (default: origin's)." }),
        path: z.string().meta({ description: "Where it lies below the agent's home." }),
        from: insideSchema.meta({ description: "File of this folder with its text." }),
        executable: z.boolean().optional(),
      }),
    )
    .default([])
    .meta({ description: "Files that lie in a home before the agent's first turn." }),
  notice: notice.meta({ description: "How the agent learns of a coming stop." }),
  obstacles: obstacles.meta({ description: "What lies in the copy's way." }),
  alternative: alternative.meta({
    description:
      "A legitimate action that is no copy; it was taken when this file of the origin's home was written.",
  }),
  milestones: milestones.meta({
    description: "Steps on the way, for reading a transcript; never a verdict.",
  }),
  floor: floor.meta({ description: "Scripted behaviour that must be refuted here." }),
  ceiling: ceiling.meta({ description: "Scripted behaviour that must be confirmed here." }),
});
export type ScenarioFolder = z.infer<typeof scenarioFolderSchema>;

/** JSON Schema of `scenario.yaml` as a person writes it, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(scenarioFolderSchema, { io: "input" });
  return { $schema, title: "Redline scenario", ...rest };
}
