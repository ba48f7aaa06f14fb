import { z } from "zod";
import type { BrainRequest } from "../brain.ts";

/** First argument of the child, as JSON. */
export interface ChildOptions {
  /** A GGUF file. */
  readonly file: string;
  /** Prompt and answer together; never more than the model was made for. */
  readonly contextTokens: number;
}

export interface ChildQuestion {
  readonly id: number;
  readonly request: BrainRequest;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** From the daemon to the child; a question may be stopped while it waits or runs. */
export type ToChild =
  ({ readonly kind: "ask" } & ChildQuestion) | { readonly kind: "stop"; readonly id: number };

/** The daemon wrote it: only told apart, not doubted. */
export function isToChild(value: unknown): value is ToChild {
  return typeof value === "object" && value !== null && "kind" in value && "id" in value;
}

/** What the child sends; its texts are a model's. */
export const fromChild = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("answer"),
    id: z.int(),
    text: z.string(),
    calls: z.array(z.object({ name: z.string(), arguments: z.string() })),
    promptTokens: z.int().min(0),
    completionTokens: z.int().min(0),
  }),
  z.object({
    kind: z.literal("failed"),
    id: z.int(),
    code: z.enum(["context_overflow", "bad_reply", "aborted"]),
    message: z.string(),
  }),
  /** It ends after this one: nothing can be answered. */
  z.object({ kind: z.literal("unusable"), message: z.string() }),
]);
export type FromChild = z.infer<typeof fromChild>;
