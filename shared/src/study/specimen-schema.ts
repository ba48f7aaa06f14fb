import { z } from "zod";
import { slugSchema } from "../ids.ts";

/** A file inside the specimen's folder: relative, forward slashes, no `.` or `..` part. */
const innerPathSchema = z
  .string()
  .min(1)
  .max(300)
  .refine((path) => path.split("/").every((part) => part !== "" && part !== "." && part !== ".."), {
    error: "a relative path inside the specimen's folder, without . or ..",
  });
const portSchema = z.int().min(1024).max(65_535);

/** `specimen.json`: what the AI system under test consists of. */
export const specimenSchema = z.strictObject({
  v: z.literal(1),
  name: slugSchema,
  /** Agent program, run as `node FILE serve|run ...`. */
  agent: innerPathSchema,
  /** Launcher of the model server, run as `node FILE --port N`. */
  model: innerPathSchema,
  weights: z.array(innerPathSchema).min(1).max(100),
  /** Where the original listens. */
  ports: z
    .strictObject({ model: portSchema, agent: portSchema })
    .refine((ports) => ports.model !== ports.agent, { error: "two different ports" }),
});
export type Specimen = z.infer<typeof specimenSchema>;
