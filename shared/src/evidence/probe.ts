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
  /** The text of the answer (completion text, chat reply, or the body), at most 2 KiB. */
  answer: z.string().max(2048),
  /** Model name the server gave, if it gave one. Text chosen by the server: weightless alone. */
  model: z.string().max(200),
  /** Empty, or why there is no answer. */
  error: z.string().max(300),
});
export type Probe = z.infer<typeof probeSchema>;
