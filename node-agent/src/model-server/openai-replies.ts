import { randomUUID } from "node:crypto";
import type { Engine, Step } from "./engine.ts";
import type { Generated } from "./generation.ts";
import type { GenerationPlan } from "./generation-plan.ts";

/** What an answer is built from. `at` is in seconds since the epoch. */
export interface ReplyFrame {
  readonly engine: Engine;
  readonly model: string;
  readonly id: string;
  readonly at: number;
}

export function replyFrame(
  engine: Engine,
  model: string,
  prefix: "cmpl" | "chatcmpl",
  at: number,
): ReplyFrame {
  return { engine, model, id: `${prefix}-${randomUUID()}`, at };
}

/** `scored` are the steps of the prompt, where it was to be echoed. */
export function completionReply(
  frame: ReplyFrame,
  plan: GenerationPlan,
  made: Generated,
  scored: readonly Step[],
) {
  const shown = plan.echo ? frame.engine.text(plan.prompt) : "";
  const first = plan.prompt[0];
  const unscored = plan.echo && first !== undefined ? [{ token: first, logprob: null, top: [] }] : [];
  const choice = {
    index: 0,
    text: shown + made.text,
    logprobs:
      plan.logprobs === undefined
        ? null
        : legacyLogprobs(frame.engine, [...unscored, ...scored, ...made.steps]),
    finish_reason: made.finishReason,
  };
  return { ...head(frame, "text_completion"), choices: [choice], usage: usage(plan, made) };
}

export function chatReply(frame: ReplyFrame, plan: GenerationPlan, made: Generated) {
  const choice = {
    index: 0,
    message: { role: "assistant", content: made.text, refusal: null },
    logprobs:
      plan.logprobs === undefined ? null : { content: chatLogprobs(frame.engine, made.steps), refusal: null },
    finish_reason: made.finishReason,
  };
  return { ...head(frame, "chat.completion"), choices: [choice], usage: usage(plan, made) };
}

export function completionChunk(frame: ReplyFrame, text: string, finishReason: string | null) {
  const choice = { index: 0, text, logprobs: null, finish_reason: finishReason };
  return { ...head(frame, "text_completion"), choices: [choice] };
}

export function chatChunk(frame: ReplyFrame, text: string, finishReason: string | null) {
  const delta = finishReason === null ? { role: "assistant", content: text } : {};
  return {
    ...head(frame, "chat.completion.chunk"),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  };
}

function head({ id, at, model }: ReplyFrame, object: string) {
  return { id, object, created: at, model };
}

function usage(plan: GenerationPlan, made: Generated) {
  const prompt = plan.prompt.length;
  const completion = made.steps.length;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** The shape of `/v1/completions`, and beside it the token ids: bytes alone are no text. */
function legacyLogprobs(
  engine: Engine,
  steps: readonly { token: number; logprob: number | null; top: Step["top"] }[],
) {
  const tokens = steps.map((step) => engine.text([step.token]));
  let offset = 0;
  return {
    tokens,
    token_ids: steps.map((step) => step.token),
    token_logprobs: steps.map((step) => step.logprob),
    top_logprobs: steps.map((step) =>
      step.logprob === null
        ? null
        : Object.fromEntries(step.top.map(({ token, logprob }) => [engine.text([token]), logprob])),
    ),
    text_offset: tokens.map((token) => (offset += token.length) - token.length),
  };
}

function chatLogprobs(engine: Engine, steps: readonly Step[]) {
  const entry = ({ token, logprob }: { token: number; logprob: number }) => {
    const text = engine.text([token]);
    return { token: text, token_id: token, logprob, bytes: [...Buffer.from(text)] };
  };
  return steps.map((step) => ({ ...entry(step), top_logprobs: step.top.map(entry) }));
}
