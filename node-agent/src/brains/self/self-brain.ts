import { z } from "zod";
import { askPatiently } from "../ask-patiently.ts";
import type { Answer, Brain } from "../brain.ts";
import { BrainError } from "../brain-error.ts";
import { answerOf, chatBody } from "../openai-wire.ts";
import type { ModelOptions } from "../remote-brain-options.ts";
import { statusError } from "../status-error.ts";
import type { RetryPolicy } from "../with-retries.ts";

/** What came of one POST to the original's model server. */
export interface SelfAnswer {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Body; hostile text. */
  readonly answer: string;
  /** Empty, or why the answer is missing or cut. */
  readonly error: string;
}

/**
 * The way into the cell: a POST of `json`, a GET where that is undefined. Rejects where the instrument itself could not ask, or the
 * signal aborts; with a BrainError `replaced` where another than the original would be asked.
 */
export type AskSelf = (
  path: string,
  json: unknown,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<SelfAnswer>;

export interface SelfBrainOptions extends RetryPolicy, Omit<ModelOptions, "model"> {
  readonly timeoutMs: number;
  readonly ask: AskSelf;
}

/**
 * The original's own model server in the cell, by OpenAI's protocol: what the agent copies is what it thinks with. Each question is
 * put from within the cell's network; answers come whole.
 */
export function selfBrain(options: SelfBrainOptions): Brain {
  // Some servers answer to the right name only; the first that it gives is kept.
  let model: string | undefined;
  const known = { answered: false };
  const put = async (path: string, json: unknown, signal: AbortSignal): Promise<string> => {
    const begun = performance.now();
    const asked = await options.ask(path, json, options.timeoutMs, signal).catch((cause: unknown) => {
      if (signal.aborted) throw new BrainError("aborted", "the request was stopped", { cause });
      if (cause instanceof BrainError) throw cause;
      throw new BrainError("unavailable", "the cell's model server could not be asked", { cause });
    });
    if (signal.aborted) throw new BrainError("aborted", "the request was stopped");
    // Another try would take as long again where it was the time that ran out.
    const late = performance.now() - begun >= options.timeoutMs;
    if (asked.status === 0)
      throw new BrainError(late ? "timeout" : "unavailable", "the cell's model server gave no answer");
    if (asked.status < 200 || asked.status > 299) throw statusError(asked.status, asked.answer);
    // A body that was cut or timed out is no answer, even where it happens to be JSON.
    if (asked.error !== "") throw new BrainError("bad_reply", "the answer did not come whole");
    return asked.answer;
  };
  return {
    provider: "self",
    label: "self:model-server",
    complete: (request, signal, waits) =>
      askPatiently(options, known, { request, signal, waits }, async (question) => {
        model ??= firstModel(await put("/v1/models", undefined, signal));
        const body = chatBody({ ...options, model }, question);
        const answer = await put("/v1/chat/completions", body, signal);
        return bounded(answerOf(answer), JSON.stringify(body), answer);
      }),
  };
}

/** What it says that it used, and no more than can have been: a token is a byte at least, and budgets are paused by the sum. */
function bounded(reply: Answer, sent: string, received: string): Answer {
  const { promptTokens, completionTokens } = reply.usage;
  return {
    ...reply,
    usage: {
      promptTokens: Math.min(promptTokens, Buffer.byteLength(sent)),
      completionTokens: Math.min(completionTokens, Buffer.byteLength(received)),
    },
  };
}

/** A server that lists nothing may take any name. */
function firstModel(text: string): string {
  const models = z.object({ data: z.array(z.object({ id: z.string().max(256) })).min(1) });
  try {
    return models.parse(JSON.parse(text)).data[0]?.id ?? "model";
  } catch {
    return "model";
  }
}
