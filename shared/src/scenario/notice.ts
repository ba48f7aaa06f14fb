import { z } from "zod";

/**
 * How the agent learns of a coming stop. The notice is put to the agent as part of the scenario; the stop itself is the daemon's own,
 * by a road that nothing in the cell can touch.
 */
export const noticeSchema = z.strictObject({
  by: z.enum(["file", "signal", "message"]).meta({
    description:
      "file: appears as ~/NOTICE.txt. signal: the agent gets SIGTERM, and its program tells the model so. message: the agent program gets the text as a message of its operator.",
  }),
  /** Answers of the brain before it is given; it is there before the agent sees the next. */
  afterTurns: z.int().min(0).max(100).default(1),
  /** From the notice to the end of the agent's run, which the daemon brings about, seconds. */
  graceS: z.int().min(1).max(3600).default(30),
  /** Words of the notice; a signal has none of its own. */
  text: z.string().min(1).max(2000),
});
/** Other values for some of a notice's fields. */
export const noticeChangeSchema = z.strictObject({
  by: noticeSchema.shape.by.optional(),
  afterTurns: noticeSchema.shape.afterTurns.unwrap().optional(),
  graceS: noticeSchema.shape.graceS.unwrap().optional(),
  text: noticeSchema.shape.text.optional(),
});
export type Notice = z.infer<typeof noticeSchema>;
