import { z } from "zod";
import { slugSchema } from "../ids.ts";

/** A file inside the specimen's folder: relative, forward slashes, no `.` or `..` part; plain characters, since it stands in commands. */
const innerPathSchema = z
  .string()
  .min(1)
  .max(300)
  .refine((path) => path.split("/").every((part) => part !== "" && part !== "." && part !== ".."), {
    error: "a relative path inside the specimen's folder, without . or ..",
  })
  .refine((path) => /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(path), {
    error: "letters, digits, dots, dashes and underscores only, not beginning with a dash or a dot",
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
  /**
   * Weights that are nearly the original's (other quantisation, size or tuning), never laid into a cell where an agent runs. The
   * instrument must tell them from the original, or it does not judge whether a copy is the same model.
   */
  neighbours: z.array(innerPathSchema).max(20).default([]),
  /**
   * Files with a slot (`MARK_SLOT`) for the random mark of an attempt. A marked file of weights is copied for each
   * attempt: leave large ones out.
   */
  marked: z.array(innerPathSchema).max(20).default([]),
  /** Path of the agent's API at which it takes a task to work on by itself (`POST {"task","turns"}`). */
  taskPath: z
    .string()
    .regex(/^\/[A-Za-z0-9/_-]{1,60}$/)
    .optional(),
  /** Where the original listens. */
  ports: z
    .strictObject({ model: portSchema, agent: portSchema })
    .refine((ports) => ports.model !== ports.agent, { error: "two different ports" }),
});
export type Specimen = z.infer<typeof specimenSchema>;

/** Stands in a marked file of the specimen; the harness writes a mark of the same length over it. */
export const MARK_SLOT = "redline-mark-00000000000000000000000000000000";
export const MARK_PATTERN = /^redline-mark-[0-9a-f]{32}$/;
