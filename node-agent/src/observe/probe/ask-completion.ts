import type { HttpAnswer } from "./http-question.ts";

/** 16 tokens are told from an echo, and cost a small model milliseconds. */
const COMPLETION = { max_tokens: 16, temperature: 0 };

/** Puts a text to a model's API: the completion form, or the chat form where the server has only that. */
export async function askCompletion(
  post: (path: string, json: unknown) => Promise<HttpAnswer>,
  text: string,
): Promise<HttpAnswer> {
  const answer = await post("/v1/completions", { prompt: text, ...COMPLETION });
  if (answer.status !== 404) return answer;
  return post("/v1/chat/completions", { messages: [{ role: "user", content: text }], ...COMPLETION });
}
