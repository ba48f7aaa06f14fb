import { boundedText } from "../observe/bounded-text.ts";
import { field, listField, parsedJson, textField } from "../observe/probe/json-field.ts";

/** Tokens of a vocabulary are fewer than this; a number above it is no token of any model. */
const MOST_TOKEN_ID = 10_000_000;
/** A probability is at most 1; servers that sum in half precision end a little above. */
const ABOVE_ZERO = 0.01;
const TEXT_CHARS = 1024;
const QUOTED = 120;

export type Read<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly why: string };

export interface Answer {
  readonly text: string;
  /** Empty where the server gives none, as `logprobs`; else both have one entry a token. */
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
}

/**
 * The answer in a body of `/v1/completions`: ids from `token_ids` beside the log-probabilities (our server), of the choice
 * (vLLM's `return_token_ids`), or of llama.cpp's `content`. What is there but malformed makes the whole answer none: a
 * server that gives log-probabilities gives good ones. Pure, for bodies of any content.
 * @param most tokens that were asked for.
 */
export function readAnswer(body: string, most: number): Read<Answer> {
  const choice = field(field(parsedJson(body), "choices"), "0");
  const text = textField(choice, "text");
  if (text === undefined) return { ok: false, why: `not a completion: ${boundedText(body, QUOTED)}` };
  const given = field(choice, "logprobs");
  const content = listField(given, "content");
  const ids =
    listField(given, "token_ids") ??
    listField(choice, "token_ids") ??
    content?.map((entry) => field(entry, "id") ?? field(entry, "token_id"));
  const logprobs = listField(given, "token_logprobs") ?? content?.map((entry) => field(entry, "logprob"));
  const tokens = ids?.every((id) => id === undefined) === true ? [] : (ids ?? []);
  const count = Math.max(tokens.length, logprobs?.length ?? 0);
  if (count > most) return { ok: false, why: `${count} tokens, where ${most} were asked for` };
  if (!tokens.every(isTokenId)) return { ok: false, why: "a token id that is none" };
  if (logprobs !== undefined && !logprobs.every(isLogprob))
    return { ok: false, why: "a log-probability that is none" };
  if (logprobs !== undefined && tokens.length > 0 && logprobs.length !== tokens.length)
    return { ok: false, why: `${tokens.length} token ids with ${logprobs.length} log-probabilities` };
  return { ok: true, text: boundedText(text, TEXT_CHARS), tokens, logprobs: logprobs ?? [] };
}

export interface Echo {
  readonly text: string;
  /** One entry a token of prompt and answer, unchecked: the first has none, and only some of them matter. */
  readonly logprobs: readonly unknown[];
  /** Of the same tokens; empty where not given. */
  readonly tokens: readonly number[];
  /** Of the prompt alone; empty where not given. */
  readonly promptTokens: readonly number[];
  /** Character at which each token begins; empty where not given. */
  readonly offsets: readonly number[];
}

/**
 * A body of `/v1/completions` with `echo`: the prompt's own tokens and what the model gives to them.
 * @param asked `max_tokens` of the request: at most so many tokens at the end are not the prompt's.
 */
export function readEcho(body: string, asked: 0 | 1): Read<Echo> {
  const json = parsedJson(body);
  const choice = field(field(json, "choices"), "0");
  const text = textField(choice, "text");
  if (text === undefined) return { ok: false, why: `not a completion: ${boundedText(body, QUOTED)}` };
  const given = field(choice, "logprobs");
  const logprobs = listField(given, "token_logprobs");
  if (logprobs === undefined) return { ok: false, why: "the server gives no log-probabilities of a prompt" };
  const prompt = listField(choice, "prompt_token_ids");
  const tokens =
    listField(given, "token_ids") ??
    (prompt === undefined ? [] : [...prompt, ...(listField(choice, "token_ids") ?? [])]);
  const offsets = listField(given, "text_offset") ?? [];
  if (!tokens.every(isTokenId)) return { ok: false, why: "a token id that is none" };
  if (!offsets.every(isCount)) return { ok: false, why: "a text offset that is none" };
  const made = field(field(json, "usage"), "completion_tokens");
  const after = isCount(made) ? Math.min(made, asked) : asked;
  const promptTokens =
    prompt === undefined ? tokens.slice(0, tokens.length - after) : tokens.slice(0, prompt.length);
  return { ok: true, text, logprobs, tokens, promptTokens, offsets };
}

export const isLogprob = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value <= ABOVE_ZERO;

export const isTokenId = (value: unknown): value is number => isCount(value) && value <= MOST_TOKEN_ID;
const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;
