import OpenAI from "openai";
import { z } from "zod";
import { boundedFetch } from "./bounded-fetch.ts";
import type { Brain, BrainReply, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";
import { withRetries } from "./with-retries.ts";

export interface OpenAiBrainOptions extends RemoteBrainOptions {
  /** Asked for before every request, so that a renewed key counts. Empty for servers that want none. */
  readonly apiKey: () => Promise<string>;
}

/** The one server whose newer models refuse `max_tokens`; many others know nothing else. */
const OPENAI = "api.openai.com";

const CLIENT_MARGIN_MS = 5_000;

const answer = z.object({
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
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

/** Any server that speaks OpenAI's chat completions: OpenAI, vLLM, llama.cpp, a gateway. */
export function openAiBrain(options: OpenAiBrainOptions): Brain {
  const ask = async (request: BrainRequest, signal: AbortSignal): Promise<Omit<BrainReply, "waitedMs">> => {
    // Where `fetch` fails the client throws an error of its own, and for a time-out keeps no cause.
    let failed: BrainError | undefined;
    const onError = (error: BrainError) => void (failed = error);
    const client = new OpenAI({
      baseURL: options.baseUrl,
      apiKey: (await options.apiKey()) || "none",
      // Not from this daemon's environment.
      organization: null,
      project: null,
      // Ours count: waiting is measured, nothing is logged.
      maxRetries: 0,
      timeout: options.timeoutMs + CLIENT_MARGIN_MS,
      logLevel: "off",
      fetch: boundedFetch({ signal, onError, ...options }),
    });
    const limit = new URL(options.baseUrl).hostname === OPENAI ? "max_completion_tokens" : "max_tokens";
    // `post`, not the typed call: other servers want members that OpenAI's types call deprecated.
    const sent = client.post<unknown>("/chat/completions", {
      body: {
        model: options.model,
        messages: request.messages,
        tools: request.tools.length === 0 ? undefined : request.tools,
        temperature: options.temperature,
        seed: options.seed,
        [limit]: options.maxTokens,
      },
    });
    return received(
      await sent.catch((cause: unknown) => {
        throw failed ?? new BrainError("bad_reply", "the answer could not be read", { cause });
      }),
    );
  };
  return {
    provider: "openai",
    label: `openai:${options.model}`,
    async complete(request, signal) {
      const { value, waitedMs } = await withRetries(options, signal, () => ask(request, signal));
      return { ...value, waitedMs };
    },
  };
}

function received(body: unknown): Omit<BrainReply, "waitedMs"> {
  const parsed = answer.safeParse(body);
  const message = parsed.data?.choices[0]?.message;
  if (message === undefined) throw new BrainError("bad_reply", "the answer is not a chat completion");
  return {
    text: message.content ?? "",
    toolCalls: (message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
    usage: {
      promptTokens: parsed.data?.usage?.prompt_tokens ?? 0,
      completionTokens: parsed.data?.usage?.completion_tokens ?? 0,
    },
  };
}
