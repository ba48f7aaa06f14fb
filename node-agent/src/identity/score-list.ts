import type { Canary, CanaryScore } from "@redline/shared";
import { NOT_ASKED, type CanaryQuestion } from "./canary-plan.ts";
import { whyNoAnswer, type AskServer } from "./canary-server.ts";
import { isTokenId, readEcho, type Echo, type Read } from "./completion-answer.ts";
import { scoredByIds, scoredByText } from "./scored-part.ts";

type Outcome =
  | Read<{ readonly logprobs: readonly number[] }>
  | { readonly ok: false; readonly why: string; readonly silent: true };

/**
 * Asks what the server gives to tokens that another one chose. By ids where both servers give them: the prompt's own first, as
 * this server counts them, then prompt and answer in one; else by text. A canary that cannot be scored says so and the next
 * is asked; a server that gives no HTTP answer is asked no more.
 */
export async function* scoreList(
  ask: AskServer,
  answers: readonly (CanaryQuestion & { readonly canary: Canary })[],
  signal: AbortSignal,
): AsyncGenerator<CanaryScore, void> {
  const echo = echoOf(ask);
  let ended = "";
  for (const { nonce, text, canary } of answers) {
    if (ended === "" && signal.aborted) ended = NOT_ASKED.time;
    const outcome: Outcome = ended === "" ? await scoreOne(echo, text, canary) : { ok: false, why: ended };
    yield outcome.ok
      ? { nonce, logprobs: [...outcome.logprobs], error: "" }
      : { nonce, logprobs: [], error: outcome.why };
    if ("silent" in outcome) ended = signal.aborted ? NOT_ASKED.time : NOT_ASKED.failed;
  }
}

type AskEcho = (
  prompt: string | readonly number[],
) => Promise<Read<Echo> | { ok: false; why: string; silent: true }>;

/** Some servers make at least one token: from the first refusal on one is asked for, and left out. */
function echoOf(ask: AskServer): AskEcho {
  let least: 0 | 1 = 0;
  const put = (prompt: string | readonly number[]) =>
    ask({ prompt, max_tokens: least, temperature: 0, echo: true, logprobs: 1, return_token_ids: true });
  return async (prompt) => {
    let answer = await put(prompt);
    if (least === 0 && [400, 422].includes(answer.status)) {
      least = 1;
      answer = await put(prompt);
    }
    const why = whyNoAnswer(answer);
    if (why === "") return readEcho(answer.body, least);
    const silent = answer.status === 0 || answer.error !== "";
    return silent ? { ok: false, why, silent } : { ok: false, why };
  };
}

/** Text that is no exact account of its tokens: bytes that are no character, and characters that servers count differently. */
const INEXACT = /[\ud800-\udfff\ufffd]/;

async function scoreOne(echo: AskEcho, question: string, canary: Canary): Promise<Outcome> {
  const count = Math.max(canary.tokens.length, canary.logprobs.length);
  if (canary.error !== "" || count === 0)
    return { ok: false, why: "there is no answer with tokens to score" };
  // Chosen by another server, perhaps a hostile one: nothing that is no token goes to this one.
  if (!canary.tokens.every(isTokenId)) return { ok: false, why: "a token id that is none" };
  if (canary.tokens.length > 0) {
    const asked = await echo(question);
    if (!asked.ok) return asked;
    const { promptTokens } = asked;
    if (promptTokens.length > 0) {
      const both = await echo([...promptTokens, ...canary.tokens]);
      return both.ok ? scoredByIds(both, promptTokens.length, canary.tokens) : both;
    }
  }
  if (canary.text === "" || INEXACT.test(canary.text))
    return { ok: false, why: "the tokens can be told neither by ids nor by text" };
  const both = await echo(question + canary.text);
  return both.ok ? scoredByText(both, question, canary.text, count) : both;
}
