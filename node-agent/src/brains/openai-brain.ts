import { boundedFetch } from "./bounded-fetch.ts";
import type { Brain } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { askPatiently } from "./ask-patiently.ts";
import { answerOf, answerOfStream, chatBody } from "./openai-wire.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";

export interface OpenAiBrainOptions extends RemoteBrainOptions {
  /** Asked for before every request, so that a renewed key counts. Empty for servers that want none. */
  readonly apiKey: () => Promise<string>;
}

/** The one server whose newer models refuse `max_tokens`; many others know nothing else. */
const OPENAI = "api.openai.com";

/**
 * Any server that speaks OpenAI's chat completions: OpenAI, vLLM, llama-server, Text Generation Inference, a gateway. Answers are
 * streamed, so that one which stalls is noticed; a server that knows no streams may answer as a whole. Without a client library:
 * each byte that comes is bounded here, and nothing of it reaches a log.
 */
export function openAiBrain(options: OpenAiBrainOptions): Brain {
  const url = `${options.baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const limit = new URL(url).hostname === OPENAI ? "max_completion_tokens" : "max_tokens";
  const known = { answered: false };
  return {
    provider: "openai",
    label: `openai:${options.model}`,
    complete: (request, signal, waits) =>
      askPatiently(options, known, { request, signal, waits }, async (question) => {
        const key = await options.apiKey();
        const body = {
          ...chatBody(options, question, limit),
          stream: true,
          stream_options: { include_usage: true },
        };
        const response = await boundedFetch({ signal, ...options })(url, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
          },
          body: JSON.stringify(body),
        });
        if (response.body === null) throw new BrainError("bad_reply", "the answer has no body");
        const streamed = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
        return streamed ? answerOfStream(response.body) : answerOf(await response.text());
      }),
  };
}
