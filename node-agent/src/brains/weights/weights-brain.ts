import { basename } from "node:path";
import { askPatiently } from "../ask-patiently.ts";
import type { Answer, Brain, BrainRequest } from "../brain.ts";
import { BrainError } from "../brain-error.ts";
import type { ModelOptions } from "../remote-brain-options.ts";
import { ModelChild } from "./model-child.ts";

export interface WeightsBrainOptions extends Omit<ModelOptions, "model"> {
  /** A GGUF file. */
  readonly file: string;
  readonly contextTokens: number;
  /** For one question, waiting for those before it included. */
  readonly timeoutMs: number;
  /** Ends the child. */
  readonly signal?: AbortSignal | undefined;
  /** For tests: another script in the child's place. */
  readonly script?: URL;
}

/** The specimen's own weights without a server: a GGUF that node-llama-cpp loads in a child of the daemon. */
export function weightsBrain(options: WeightsBrainOptions): Brain {
  const { file, timeoutMs } = options;
  const name = basename(file);
  let child: ModelChild | undefined;
  let closed = false;
  const known = { answered: false };

  const running = (): ModelChild => {
    if (closed || options.signal?.aborted === true)
      throw new BrainError("aborted", "the model's process was ended");
    if (child === undefined || child.ended !== undefined) child = new ModelChild(options);
    return child;
  };
  const close = async (): Promise<void> => {
    closed = true;
    options.signal?.removeEventListener("abort", onAbort);
    await child?.end();
  };
  const onAbort = () => void close();
  options.signal?.addEventListener("abort", onAbort, { once: true });

  const once = async (request: BrainRequest, signal: AbortSignal): Promise<Answer> => {
    const { temperature, seed, maxTokens } = options;
    const reply = await running().ask({ request, temperature, seed, maxTokens }, timeoutMs, signal);
    return {
      text: reply.text,
      toolCalls: reply.calls.map((call, n) => ({ id: `call-${request.messages.length}-${n}`, ...call })),
      usage: { promptTokens: reply.promptTokens, completionTokens: reply.completionTokens },
      model: name,
    };
  };
  return {
    provider: "weights",
    label: `weights:${name}`,
    prepare: () => void running(),
    // A child that died is started anew once: its second death is no accident.
    complete: (request, signal, waits) =>
      askPatiently(
        { retries: 1, backoffMs: 100, ...options },
        known,
        { request, signal, waits },
        (question) => once(question, signal),
      ),
    close,
  };
}
