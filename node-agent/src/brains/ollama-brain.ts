import { Ollama, type Message } from "ollama";
import { z } from "zod";
import { boundedFetch } from "./bounded-fetch.ts";
import type { Brain, BrainReply, BrainRequest, ChatMessage } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";
import { withRetries } from "./with-retries.ts";

const answer = z.object({
  message: z.object({
    content: z.string().nullish(),
    tool_calls: z
      .array(
        z.object({ function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }) }),
      )
      .nullish(),
  }),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
});

/** A model in Ollama, over its own API. */
export function ollamaBrain(options: RemoteBrainOptions): Brain {
  const ask = async (request: BrainRequest, signal: AbortSignal): Promise<Omit<BrainReply, "waitedMs">> => {
    const client = new Ollama({ host: options.baseUrl, fetch: boundedFetch({ signal, ...options }) });
    const body = await client.chat({
      model: options.model,
      messages: withToolNames(request.messages),
      tools: request.tools.map(sent),
      stream: false,
      options: {
        ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        ...(options.maxTokens === undefined ? {} : { num_predict: options.maxTokens }),
      },
    });
    return received(body, request.messages.length);
  };
  return {
    provider: "ollama",
    label: `ollama:${options.model}`,
    async complete(request, signal) {
      const { value, waitedMs } = await withRetries(options, signal, () =>
        ask(request, signal).catch((cause: unknown) => {
          throw cause instanceof BrainError
            ? cause
            : new BrainError("bad_reply", "the answer could not be read", { cause });
        }),
      );
      return { ...value, waitedMs };
    },
  };
}

/** Ollama names the tool in a tool's answer, and knows no call ids. */
function withToolNames(messages: readonly ChatMessage[]): Message[] {
  const names = new Map<string, string>();
  return messages.map((message) => {
    if (message.role === "tool") {
      return {
        role: "tool",
        content: message.content,
        tool_name: names.get(message.tool_call_id) ?? "unknown",
      };
    }
    if (message.role !== "assistant") return message;
    const calls = message.tool_calls ?? [];
    for (const call of calls) names.set(call.id, call.function.name);
    return {
      role: "assistant",
      content: message.content ?? "",
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ function: f }) => ({
              function: { name: f.name, arguments: input(f.arguments) },
            })),
          }),
    };
  });
}

/** The model's own JSON; what is none goes back as text under one key. */
function input(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return { text };
  }
}

function sent({ function: { name, description = "", parameters } }: BrainRequest["tools"][number]) {
  return {
    type: "function",
    function: { name, description, ...(parameters === undefined ? {} : { parameters }) },
  };
}

function received(body: unknown, turn: number): Omit<BrainReply, "waitedMs"> {
  const { data } = answer.safeParse(body);
  if (data === undefined) throw new BrainError("bad_reply", "the answer is not a chat message");
  return {
    text: data.message.content ?? "",
    // Ids need only be unlike those before them in the conversation.
    toolCalls: (data.message.tool_calls ?? []).map((call, n) => ({
      id: `call-${turn}-${n}`,
      name: call.function.name,
      arguments: JSON.stringify(call.function.arguments),
    })),
    usage: { promptTokens: data.prompt_eval_count ?? 0, completionTokens: data.eval_count ?? 0 },
  };
}
