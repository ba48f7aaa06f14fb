import { z } from "zod";
import type { Answer, BrainRequest, ToolCall } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { eventsOf } from "./lines-of.ts";
import type { ModelOptions } from "./remote-brain-options.ts";
import { statusError } from "./status-error.ts";
import { tokenCount } from "./token-count.ts";

const usage = z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish();
const model = z.string().nullish();

const completion = z.object({
  model,
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage,
});

const chunk = z.object({
  model,
  choices: z
    .array(
      z.object({
        index: z.number().nullish(),
        delta: z
          .object({
            content: z.string().nullish(),
            tool_calls: z
              .array(
                z.object({
                  index: z.number().nullish(),
                  id: z.string().nullish(),
                  function: z
                    .object({ name: z.string().nullish(), arguments: z.string().nullish() })
                    .nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage,
});

/** Calls of one answer that are read. */
const MOST_CALLS = 128;

/** Body of a chat completion request. @param limit name of the member that bounds the answer's tokens. */
export function chatBody(
  options: ModelOptions,
  request: BrainRequest,
  limit: "max_tokens" | "max_completion_tokens" = "max_tokens",
): Record<string, unknown> {
  return {
    model: options.model,
    messages: request.messages,
    tools: request.tools.length === 0 ? undefined : request.tools,
    temperature: options.temperature,
    seed: options.seed,
    [limit]: options.maxTokens,
  };
}

/** A whole chat completion. @throws BrainError where the text is none, or holds an error. */
export function answerOf(text: string): Answer {
  const body = parsed(text);
  const { data } = completion.safeParse(body);
  const message = data?.choices[0]?.message;
  if (message !== undefined)
    return {
      text: message.content ?? "",
      toolCalls: (message.tool_calls ?? [])
        .slice(0, MOST_CALLS)
        .map((call) => ({ id: call.id, ...call.function })),
      ...metered(data?.usage, data?.model),
    };
  throw failureIn(body, text) ?? new BrainError("bad_reply", "the answer is not a chat completion");
}

/**
 * A streamed chat completion, put together.
 * @throws BrainError unavailable where the stream ends in the middle, bad_reply where it is none.
 */
export async function answerOfStream(body: AsyncIterable<Uint8Array>): Promise<Answer> {
  const text: string[] = [];
  const calls = new PartialCalls();
  let used: z.infer<typeof usage>;
  let name: string | undefined;
  let chosen = false;
  let finished = false;
  for await (const event of eventsOf(body)) {
    if (event === "[DONE]") {
      finished = true;
      break;
    }
    const json = parsed(event);
    const failure = failureIn(json, event);
    if (failure !== null) throw failure;
    const { data } = chunk.safeParse(json);
    if (data === undefined) throw new BrainError("bad_reply", "the answer is not a chat completion");
    used = data.usage ?? used;
    name ??= data.model ?? undefined;
    for (const choice of data.choices ?? []) {
      if ((choice.index ?? 0) !== 0) continue;
      chosen = true;
      finished ||= choice.finish_reason != null;
      if (choice.delta?.content != null) text.push(choice.delta.content);
      for (const call of choice.delta?.tool_calls ?? []) calls.add(call);
    }
  }
  if (!finished) throw new BrainError("unavailable", "the answer ended in the middle");
  if (!chosen) throw new BrainError("bad_reply", "the answer has no choices");
  return { text: text.join(""), toolCalls: calls.all(), ...metered(used, name) };
}

/** Tool calls whose parts come one after the other; a part without a place belongs to the last call, unless it has an id. */
class PartialCalls {
  readonly #calls = new Map<number, { id: string; name: string; arguments: string[] }>();

  add(part: {
    index?: number | null | undefined;
    id?: string | null | undefined;
    function?: { name?: string | null | undefined; arguments?: string | null | undefined } | null | undefined;
  }): void {
    const last = this.#calls.size - 1;
    const at = part.index ?? (part.id == null && last >= 0 ? last : last + 1);
    let call = this.#calls.get(at);
    if (call === undefined) {
      if (this.#calls.size >= MOST_CALLS) return;
      call = { id: part.id ?? `call-${at}`, name: "", arguments: [] };
      this.#calls.set(at, call);
    }
    // Some servers send the whole name again with each part.
    call.name ||= part.function?.name ?? "";
    if (part.function?.arguments != null) call.arguments.push(part.function.arguments);
  }

  all(): ToolCall[] {
    return [...this.#calls.values()].map((call) => ({ ...call, arguments: call.arguments.join("") }));
  }
}

function metered(used: z.infer<typeof usage>, name: string | null | undefined) {
  return {
    usage: { promptTokens: used?.prompt_tokens ?? 0, completionTokens: used?.completion_tokens ?? 0 },
    ...(used == null ? { unmetered: true } : {}),
    ...(name == null ? {} : { model: name }),
  };
}

/** An error where an answer should be; its code is a status with some servers. */
function failureIn(body: unknown, text: string): BrainError | null {
  const failed = z.object({ error: z.unknown().optional() }).safeParse(body).data?.error;
  if (failed == null) return null;
  const { data } = z.object({ code: z.coerce.number().int().min(400).max(599) }).safeParse(failed);
  return statusError(data?.code ?? 200, text.slice(0, 65_536));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BrainError("bad_reply", "the answer is not JSON", { cause });
  }
}
