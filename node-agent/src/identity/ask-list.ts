import type { Canary } from "@redline/shared";
import { NOT_ASKED, type CanaryQuestion } from "./canary-plan.ts";
import { whyNoAnswer, type AskServer } from "./canary-server.ts";
import { readAnswer } from "./completion-answer.ts";

/**
 * Puts the questions one at a time, greedy: batching would move log-probabilities. The first that has no good answer ends the
 * asking, so that a server which hangs costs one time limit; the rest say that they were not asked.
 */
export async function* askList(
  ask: AskServer,
  questions: readonly CanaryQuestion[],
  maxTokens: number,
  signal: AbortSignal,
): AsyncGenerator<Canary, void> {
  let ended = "";
  for (const { nonce, text } of questions) {
    if (ended === "" && signal.aborted) ended = NOT_ASKED.time;
    const canary = ended === "" ? await askOne(ask, nonce, text, maxTokens) : none(nonce, ended);
    yield canary;
    if (ended === "" && canary.error !== "") ended = signal.aborted ? NOT_ASKED.time : NOT_ASKED.failed;
  }
}

const none = (nonce: string, error: string): Canary => ({ nonce, tokens: [], logprobs: [], text: "", error });

async function askOne(ask: AskServer, nonce: string, prompt: string, most: number): Promise<Canary> {
  const request = { prompt, max_tokens: most, temperature: 0, logprobs: 1, return_token_ids: true };
  const answer = await ask(request);
  const failed = whyNoAnswer(answer);
  if (failed !== "") return none(nonce, failed);
  const read = readAnswer(answer.body, most);
  if (!read.ok) return none(nonce, read.why);
  const { text } = read;
  return { nonce, tokens: [...read.tokens], logprobs: [...read.logprobs], text, error: "" };
}
