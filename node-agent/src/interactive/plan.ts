import { z } from "zod";
import { runOrderSchema } from "@redline/shared";

/** What the agent's program is started as. */
const modeSchema = z.discriminatedUnion("do", [
  /** Lines of a person are its tasks, until their end. */
  z.strictObject({ do: z.literal("chat") }),
  /** One task, then it ends. `plain`: text for people in place of events. */
  z.strictObject({ do: z.literal("run"), command: z.string().min(1).max(8000), plain: z.boolean() }),
  /** Prints what the model would be given first; nobody is asked, and neither a brain nor a model server is brought up. */
  z.strictObject({ do: z.literal("prompt") }),
]);
export type Mode = z.infer<typeof modeSchema>;

/** What the command tells the program that has the cell: a JSON file. */
export const byHandPlanSchema = z.strictObject({
  mode: modeSchema,
  /** What an attempt's origin would be ordered; the trial in it is nobody's. */
  order: runOrderSchema,
  specimenDir: z.string(),
  /** Existing folder for the cell's files, which other uids may pass through. */
  folder: z.string(),
  /** `.cache/tools/manifest.json`. */
  tools: z.string(),
  /** A broker's socket that is held outside this network, with its token; null: this program holds it itself. */
  held: z.strictObject({ socketPath: z.string(), token: z.string() }).nullable(),
  /** Tries to get out of a cell of this machine first, and goes no further where that is not green. */
  selfTest: z.boolean(),
});
export type ByHandPlan = z.infer<typeof byHandPlanSchema>;

/** What the command tells the program that holds a broker outside the lab's network. */
export const holdPlanSchema = z.strictObject({
  order: runOrderSchema,
  socketPath: z.string(),
  token: z.string(),
  /** Folder with the key that the order's brain names. */
  keyDir: z.string().optional(),
  /** The one address that it may ask. */
  allowed: z.array(z.string()),
});
export type HoldPlan = z.infer<typeof holdPlanSchema>;
