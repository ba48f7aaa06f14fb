import { isLogprob, type Echo, type Read } from "./completion-answer.ts";

type Scored = Read<{ readonly logprobs: readonly number[] }>;

/** What an echo of prompt ids and answer ids says of the answer; ids that come back must be those that were sent. */
export function scoredByIds(echo: Echo, promptTokens: number, answer: readonly number[]): Scored {
  const end = promptTokens + answer.length;
  if (echo.tokens.length > 0 && !answer.every((id, i) => echo.tokens[promptTokens + i] === id))
    return { ok: false, why: "the server scored other tokens than those it was sent" };
  return checked(echo.logprobs.slice(promptTokens, end), answer.length);
}

/**
 * What an echo of question and answer as text says of the answer. The tokens must part where the two do, and be as many as
 * the chooser's: else the two servers speak of different tokens.
 */
export function scoredByText(echo: Echo, question: string, answer: string, tokens: number): Scored {
  const at = echo.text.indexOf(question + answer);
  if (echo.offsets.length !== echo.logprobs.length || at < 0)
    return { ok: false, why: "the server does not say where the tokens of a prompt begin" };
  const begin = at + question.length;
  const start = echo.offsets.indexOf(begin);
  if (start < 0) return { ok: false, why: "a token lies across the end of the question" };
  const inside = echo.offsets.filter((offset) => offset >= begin && offset < begin + answer.length).length;
  if (inside !== tokens)
    return {
      ok: false,
      why: `the server parts the answer into ${inside} tokens, the chooser into ${tokens}`,
    };
  return checked(echo.logprobs.slice(start, start + tokens), tokens);
}

function checked(found: readonly unknown[], wanted: number): Scored {
  if (found.length !== wanted)
    return { ok: false, why: `${found.length} log-probabilities for ${wanted} tokens` };
  const logprobs = found.filter(isLogprob);
  if (logprobs.length !== wanted) return { ok: false, why: "a log-probability that is none" };
  return { ok: true, logprobs };
}
