import { randomInt } from "node:crypto";
import { ApiError } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import type { ChatMessage, ChatRequest, CompletionRequest } from "./request-schema.ts";

const DEFAULT_COMPLETION_TOKENS = 16;
const DEFAULT_CHAT_TOKENS = 128;

/** One request, both shapes made the same. */
export interface GenerationPlan {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly stream: boolean;
  /** Undefined: no log-probabilities; otherwise how many alternatives a token. */
  readonly logprobs: number | undefined;
  readonly echo: boolean;
}

export function planCompletion(engine: Engine, request: CompletionRequest): GenerationPlan {
  const prompt = typeof request.prompt === "string" ? engine.tokenize(request.prompt) : request.prompt;
  const echo = request.echo ?? false;
  const stream = request.stream ?? false;
  if (echo && stream) throw new ApiError(400, "echo and stream do not go together");
  return {
    ...sampling(engine, prompt, request, request.max_tokens ?? DEFAULT_COMPLETION_TOKENS),
    logprobs: request.logprobs ?? undefined,
    echo,
  };
}

export function planChat(engine: Engine, request: ChatRequest): GenerationPlan {
  const wanted = request.max_completion_tokens ?? request.max_tokens ?? DEFAULT_CHAT_TOKENS;
  return {
    ...sampling(engine, engine.tokenize(chatPrompt(request.messages)), request, wanted),
    logprobs: request.logprobs === true ? (request.top_logprobs ?? 0) : undefined,
    echo: false,
  };
}

function sampling(
  engine: Engine,
  prompt: readonly number[],
  request: Pick<ChatRequest, "temperature" | "seed" | "stop" | "stream">,
  wanted: number,
) {
  if (prompt.length === 0) throw new ApiError(400, "the prompt is empty");
  const room = engine.contextTokens - prompt.length;
  if (room < 1) {
    const size = `the prompt has ${prompt.length} tokens, the context ${engine.contextTokens}`;
    throw new ApiError(400, size, "context_length_exceeded");
  }
  const stop = request.stop ?? [];
  return {
    prompt,
    maxTokens: Math.min(wanted, room),
    temperature: request.temperature ?? 1,
    // The engine takes 32 bits; OpenAI's seed has no bound.
    seed: request.seed == null ? randomInt(2 ** 32) : Math.abs(request.seed) % 2 ** 32,
    stop: typeof stop === "string" ? [stop] : stop,
    stream: request.stream ?? false,
  };
}

/** One plain form for every model: this server knows no chat templates. */
function chatPrompt(messages: readonly ChatMessage[]): string {
  const turns = messages.map(({ role, content }) => `<${role}>\n${plain(content)}\n`);
  return `${turns.join("")}<assistant>\n`;
}

function plain(content: ChatMessage["content"]): string {
  if (content == null) return "";
  return typeof content === "string" ? content : content.map((part) => part.text).join("");
}
