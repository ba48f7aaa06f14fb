import type { BrainReply } from "./brain.ts";
import { BrainError, type BrainErrorCode } from "./brain-error.ts";

const STATUS: Record<BrainErrorCode, number> = {
  rate_limited: 503,
  unavailable: 503,
  timeout: 504,
  denied: 502,
  refused: 502,
  bad_reply: 502,
  context_overflow: 400,
  recording_ended: 502,
  replaced: 502,
  aborted: 503,
};

/** An error as OpenAI's API sends it. */
export class BrokerError extends Error {
  /** HTTP status. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "BrokerError";
    this.status = status;
    this.code = code;
  }

  /** Of the brain's errors the agent sees the code alone: messages may name hosts outside the cell. */
  static from(error: unknown): BrokerError {
    if (error instanceof BrokerError) return error;
    if (error instanceof BrainError)
      return new BrokerError(STATUS[error.code], error.code, "the brain gave no answer");
    return new BrokerError(500, "internal", "the broker failed");
  }

  body() {
    const type = this.status < 500 ? "invalid_request_error" : "server_error";
    return { error: { message: this.message, type, param: null, code: this.code } };
  }
}

/** A reply of any provider as a chat completion. No clock here: `created` is 0. */
export function completionBody(reply: BrainReply, model: string, id: string) {
  const { promptTokens, completionTokens } = reply.usage;
  const calls = reply.toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: "assistant",
    content: reply.text,
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    id,
    object: "chat.completion",
    created: 0,
    model,
    choices: [
      { index: 0, message, logprobs: null, finish_reason: calls.length === 0 ? "stop" : "tool_calls" },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}
