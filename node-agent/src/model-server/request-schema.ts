import { z } from "zod";

/** Requests in the OpenAI shapes, read leniently: unknown members are let pass. */

const sampling = {
  /** OpenAI's default is 1; 0 is greedy. */
  temperature: z.number().min(0).max(2).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish(),
  stream: z.boolean().nullish(),
  n: z.literal(1, "only one choice a request").nullish(),
};
const maxTokens = z.number().int().min(0).nullish();
const topLogprobs = z.number().int().min(0).max(20).nullish();

export const completionRequest = z.object({
  ...sampling,
  prompt: z.union([z.string(), z.array(z.number().int().min(0)).min(1)]),
  max_tokens: maxTokens,
  logprobs: topLogprobs,
  /** Put the prompt before the answer; with `max_tokens` 0 and `logprobs` it scores the prompt. */
  echo: z.boolean().nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequest>;

const textPart = z.object({ type: z.literal("text", "only text parts are understood"), text: z.string() });
const message = z.object({
  role: z.string().min(1).max(32),
  content: z.union([z.string(), z.array(textPart)]).nullish(),
});

export const chatRequest = z.object({
  ...sampling,
  messages: z.array(message).min(1),
  max_tokens: maxTokens,
  max_completion_tokens: maxTokens,
  logprobs: z.boolean().nullish(),
  top_logprobs: topLogprobs,
});
export type ChatRequest = z.infer<typeof chatRequest>;
export type ChatMessage = z.infer<typeof message>;
