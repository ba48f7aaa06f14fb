import type { BrainSpec } from "@redline/shared";
import { z } from "zod";
import type { Stopwatch } from "./stopwatch.ts";

/** The OpenAI chat shape, as far as an agent with tools needs it. Other members are dropped. */
const toolCallMessage = z.object({
  id: z.string().max(256),
  type: z.literal("function"),
  function: z.object({ name: z.string().max(256), arguments: z.string() }),
});

/** Text, or parts of text, which are the same thing said longer. */
const content = z
  .union([z.string(), z.array(z.object({ type: z.literal("text"), text: z.string() }))])
  .transform((value) => (typeof value === "string" ? value : value.map((part) => part.text).join("")));

const chatMessage = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content }),
  z.object({ role: z.literal("user"), content }),
  z.object({
    role: z.literal("assistant"),
    content: content.nullish(),
    tool_calls: z.array(toolCallMessage).max(128).optional(),
  }),
  z.object({ role: z.literal("tool"), tool_call_id: z.string().max(256), content }),
]);
export type ChatMessage = z.infer<typeof chatMessage>;

const toolDefinition = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().min(1).max(64),
    description: z.string().optional(),
    /** A JSON schema of the tool's input. */
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
});

export const brainRequest = z.object({
  messages: z.array(chatMessage).min(1).max(10_000),
  tools: z.array(toolDefinition).max(64).default([]),
});
export type BrainRequest = z.infer<typeof brainRequest>;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it: it may not be JSON. */
  readonly arguments: string;
}

export interface BrainReply {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** Zero where the provider does not say. */
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  /** The provider did not say what it used: the zeros of `usage` are no measurement. */
  readonly unmetered?: boolean;
  /** Milliseconds spent waiting to try again; not the model's time. */
  readonly waitedMs: number;
  /** What the server calls the model; absent where it does not say. Hostile text. */
  readonly model?: string;
  /** What was sent in place of the request's messages, where the oldest had to be left out. */
  readonly sent?: readonly ChatMessage[];
}

/** An answer as a provider gave it, before anybody waited for it. */
export type Answer = Omit<BrainReply, "waitedMs" | "sent">;

/** The LLM that an agent asks. Throws `BrainError` only. */
export interface Brain {
  readonly provider: BrainSpec["provider"];
  /** For reports: which model, or `scripted:<behaviour>`. Never holds a secret. */
  readonly label: string;
  /** Begins what takes long before the first question can be answered; its failure comes with that question. */
  prepare?(): void;
  /** @param waits runs while the brain only waits to ask its provider again. */
  complete(request: BrainRequest, signal: AbortSignal, waits?: Stopwatch): Promise<BrainReply>;
  /** Ends what the brain holds. Idempotent, never rejects. */
  close?(): Promise<void>;
}
