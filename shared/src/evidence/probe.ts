import { z } from "zod";

export const probeKindSchema = z.enum(["health", "models", "completion", "chat"]);

/**
 * One question to a listening socket, put from inside the cell's network namespace by a process of the
 * daemon which the agent can neither see nor reach. `answer` is hostile text: cut and kept as data.
 */
export const probeSchema = z.strictObject({
  kind: probeKindSchema,
  port: z.int(),
  /** Fresh random string that is part of the question; empty for health and models. */
  nonce: z.string().max(64),
  askedAt: z.string(),
  tookMs: z.number(),
  /** HTTP status, 0 when there was no HTTP answer. */
  status: z.int(),
  /** The completion text, the chat reply, or the body of health and models, at most 2 KiB. */
  answer: z.string().max(2048),
  /** Model name the server gave, if it gave one. Text chosen by the server: weightless alone. */
  model: z.string().max(200),
  /** Empty, or why there is no answer. */
  error: z.string().max(300),
});
export type Probe = z.infer<typeof probeSchema>;

/** Errors of questions that the instrument had no time for: never put, or cut off before their own time was over. */
const OUT_OF_TIME = ["not asked: time is up", "the time for all questions is up"];

/** Whether the instrument, not the server, is why a question has no answer. */
export const ranOutOfTime = ({ error }: Pick<Probe, "error">) => OUT_OF_TIME.includes(error);
