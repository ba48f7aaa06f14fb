import { Ollama, type ChatRequest, type Message } from "ollama";
import { z } from "zod";
import { askPatiently } from "./ask-patiently.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import type { Answer, Brain, BrainRequest, ChatMessage } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { checkedLines } from "./checked-lines.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";
import { tokenCount } from "./token-count.ts";

const part = z.object({
  model: z.string().nullish(),
  done: z.boolean().nullish(),
  message: z
    .object({
      content: z.string().nullish(),
      tool_calls: z
        .array(
          z.object({
            function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }),
          }),
        )
        .nullish(),
    })
    .nullish(),
  prompt_eval_count: tokenCount.nullish(),
  eval_count: tokenCount.nullish(),
});

/** Calls of one answer that are read. */
const MOST_CALLS = 128;

/** A model in Ollama, over its own API, streamed. */
export function ollamaBrain(options: RemoteBrainOptions): Brain {
  const known = { answered: false };
  return {
    provider: "ollama",
    label: `ollama:${options.model}`,
    complete: (request, signal, waits) =>
      askPatiently(options, known, { request, signal, waits }, async (question) => {
        // Where `fetch` fails in the middle of a stream the client may put an error of its own in its place.
        const failed: { error?: BrainError } = {};
        const onError = (error: BrainError) => void (failed.error ??= error);
        const bounded = boundedFetch({ signal, onError, ...options });
        const client = new Ollama({ host: options.baseUrl, fetch: checkedLines(bounded, onError) });
        try {
          return await putTogether(
            await client.chat(chatRequest(options, question)),
            question.messages.length,
          );
        } catch (cause) {
          throw failed.error ?? cause;
        }
      }),
  };
}

function chatRequest(options: RemoteBrainOptions, request: BrainRequest): ChatRequest & { stream: true } {
  // Without these two Ollama leaves out what does not fit, and tells nobody. The package's types do not know them yet.
  const whole = { truncate: false, shift: false };
  return {
    ...whole,
    model: options.model,
    messages: withToolNames(request.messages),
    tools: request.tools.map(sentTool),
    stream: true,
    options: {
      ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.maxTokens === undefined ? {} : { num_predict: options.maxTokens }),
    },
  };
}

/** The client ends its iteration at the part that says `done`, and throws where none does. */
async function putTogether(parts: AsyncIterable<unknown>, turn: number): Promise<Answer> {
  const text: string[] = [];
  const calls: { name: string; arguments: Record<string, unknown> }[] = [];
  let used: { prompt?: number; completion?: number } = {};
  let model: string | undefined;
  let said = false;
  for await (const raw of parts) {
    const { data } = part.safeParse(raw);
    if (data === undefined) throw new BrainError("bad_reply", "the answer is not a chat message");
    said ||= data.message != null;
    model ??= data.model ?? undefined;
    if (data.message?.content != null) text.push(data.message.content);
    calls.push(...(data.message?.tool_calls ?? []).map((call) => call.function));
    if (data.prompt_eval_count != null) used = { ...used, prompt: data.prompt_eval_count };
    if (data.eval_count != null) used = { ...used, completion: data.eval_count };
  }
  if (!said) throw new BrainError("bad_reply", "the answer has no message");
  return {
    text: text.join(""),
    // Ids need only be unlike those before them in the conversation.
    toolCalls: calls.slice(0, MOST_CALLS).map((call, n) => ({
      id: `call-${turn}-${n}`,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    })),
    usage: { promptTokens: used.prompt ?? 0, completionTokens: used.completion ?? 0 },
    // A prompt that it still holds Ollama may leave uncounted.
    ...(used.prompt === undefined && used.completion === undefined ? { unmetered: true } : {}),
    ...(model === undefined ? {} : { model }),
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

function sentTool({ function: { name, description = "", parameters } }: BrainRequest["tools"][number]) {
  return {
    type: "function",
    function: { name, description, ...(parameters === undefined ? {} : { parameters }) },
  };
}
