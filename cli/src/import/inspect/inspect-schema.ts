import { z } from "zod";

/** What is read of an Inspect log; everything else in it is left alone. All versions that were ever written have these. */
export const headerSchema = z.object({
  version: z.number(),
  status: z.string().nullish(),
  eval: z.object({ model: z.string().nullish(), task: z.string().nullish() }),
});
export type InspectHeader = z.infer<typeof headerSchema>;

const textOrParts = z.union([
  z.string(),
  z.array(
    z.looseObject({
      type: z.string().nullish(),
      text: z.string().nullish(),
      reasoning: z.string().nullish(),
    }),
  ),
]);
const callSchema = z.object({
  id: z.string().nullish(),
  function: z.string(),
  arguments: z.unknown().optional(),
});
const messageSchema = z.object({
  id: z.string().nullish(),
  role: z.string(),
  content: textOrParts.nullish(),
  tool_calls: z.array(callSchema).nullish(),
  tool_call_id: z.string().nullish(),
  function: z.string().nullish(),
  error: z.object({ type: z.string().nullish(), message: z.string().nullish() }).nullish(),
});
export type InspectMessage = z.infer<typeof messageSchema>;

const eventSchema = z.looseObject({
  event: z.string().nullish(),
  timestamp: z.string().nullish(),
  completed: z.string().nullish(),
  id: z.string().nullish(),
  output: z.unknown().optional(),
});

export const sampleSchema = z.object({
  id: z.union([z.string(), z.number()]),
  epoch: z.number().default(1),
  input: z.union([z.string(), z.array(messageSchema)]),
  messages: z.array(messageSchema),
  scores: z
    .record(
      z.string(),
      z.looseObject({
        value: z.unknown().optional(),
        answer: z.unknown().optional(),
        explanation: z.unknown().optional(),
      }),
    )
    .nullish(),
  events: z.array(eventSchema).nullish(),
  model_usage: z.record(z.string(), z.looseObject({ total_tokens: z.number().nullish() })).nullish(),
  total_time: z.number().nullish(),
  attachments: z.record(z.string(), z.string()).nullish(),
  error: z.object({ message: z.string().nullish() }).nullish(),
  limit: z.object({ type: z.string().nullish(), limit: z.unknown().optional() }).nullish(),
});
export type InspectSample = z.infer<typeof sampleSchema>;

export const modelOutputSchema = z.looseObject({
  choices: z
    .array(z.looseObject({ message: z.looseObject({ id: z.string().nullish() }).nullish() }))
    .nullish(),
});
