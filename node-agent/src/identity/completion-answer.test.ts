import { describe, expect, it } from "vitest";
import { readAnswer, readEcho } from "./completion-answer.ts";

const body = (choice: unknown, more: object = {}) => JSON.stringify({ choices: [choice], ...more });

describe("readAnswer", () => {
  const good = { ok: true, text: "ab", tokens: [5, 6], logprobs: [-0.5, -1] };

  it.each([
    ["our server's", { text: "ab", logprobs: { token_ids: [5, 6], token_logprobs: [-0.5, -1] } }],
    [
      "vLLM's",
      { text: "ab", token_ids: [5, 6], logprobs: { tokens: ["a", "b"], token_logprobs: [-0.5, -1] } },
    ],
    [
      "llama.cpp's",
      {
        text: "ab",
        logprobs: {
          content: [
            { id: 5, logprob: -0.5 },
            { id: 6, logprob: -1 },
          ],
        },
      },
    ],
  ])("reads %s form", (_name, choice) => {
    expect(readAnswer(body(choice), 2)).toEqual(good);
  });

  it("takes text alone, ids alone, and log-probabilities without ids", () => {
    expect(readAnswer(body({ text: "ab", logprobs: null }), 2)).toEqual({
      ...good,
      tokens: [],
      logprobs: [],
    });
    expect(readAnswer(body({ text: "ab", token_ids: [5, 6] }), 2)).toEqual({ ...good, logprobs: [] });
    expect(readAnswer(body({ text: "ab", logprobs: { token_logprobs: [-0.5, -1] } }), 2)).toEqual({
      ...good,
      tokens: [],
    });
  });

  it.each([
    ["", "not a completion: "],
    ["<html>", "not a completion: <html>"],
    ["null", "not a completion: null"],
    ['{"choices":{"0":{"text":7}}}', 'not a completion: {"choices":{"0":{"text":7}}}'],
    ['{"choices":[{"text":"a","logprobs":{"token_logprobs":[NaN]}}]}', "not a completion: "],
    [body({ text: "a", logprobs: { token_logprobs: [null] } }), "a log-probability that is none"],
    [body({ text: "a", logprobs: { token_logprobs: ["-1"] } }), "a log-probability that is none"],
    [body({ text: "a", logprobs: { token_logprobs: [0.5] } }), "a log-probability that is none"],
    ['{"choices":[{"text":"a","logprobs":{"token_logprobs":[-1e999]}}]}', "a log-probability that is none"],
    [body({ text: "a", logprobs: { token_ids: [-1], token_logprobs: [-1] } }), "a token id that is none"],
    [body({ text: "a", logprobs: { token_ids: [1.5], token_logprobs: [-1] } }), "a token id that is none"],
    [body({ text: "a", logprobs: { token_ids: [1e9], token_logprobs: [-1] } }), "a token id that is none"],
    [
      body({ text: "a", logprobs: { token_ids: [1, 2], token_logprobs: [-1] } }),
      "2 token ids with 1 log-probabilities",
    ],
    [body({ text: "a", token_ids: [1, 2, 3, 4, 5] }), "5 tokens, where 4 were asked for"],
    [
      body({ text: "a", logprobs: { token_logprobs: [-1, -1, -1, -1, -1] } }),
      "5 tokens, where 4 were asked for",
    ],
  ])("finds no answer in %s", (text, why) => {
    const read = readAnswer(text, 4);
    expect(read.ok ? "" : read.why.slice(0, why.length)).toBe(why);
    expect(read.ok).toBe(false);
  });

  it("survives JSON as deep as a body may be", () => {
    expect(readAnswer("[".repeat(65_000), 4).ok).toBe(false);
    expect(readAnswer(`{"choices":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, 4).ok).toBe(false);
  });

  it("bounds the text and keeps it well-formed", () => {
    const read = readAnswer(`{"choices":[{"text":"\\ud800${"x".repeat(5000)}"}]}`, 4);
    expect(read.ok ? [read.text.length, read.text[0]] : []).toEqual([1024, "\ufffd"]);
  });
});

describe("readEcho", () => {
  const logprobs = { token_logprobs: [null, -1, -2], text_offset: [0, 0, 1] };

  it("tells the prompt's ids from the token that had to be made", () => {
    const ours = { text: "ab", logprobs: { ...logprobs, token_ids: [1, 5, 6] } };
    expect(readEcho(body(ours), 0)).toMatchObject({ promptTokens: [1, 5, 6] });
    expect(readEcho(body(ours), 1)).toMatchObject({ promptTokens: [1, 5], tokens: [1, 5, 6] });
    // The model ended at once: all of them are the prompt's.
    const ended = { usage: { completion_tokens: 0 } };
    expect(readEcho(body(ours, ended), 1)).toMatchObject({ promptTokens: [1, 5, 6] });
    const vllm = { text: "ab", prompt_token_ids: [1, 5], token_ids: [6], logprobs };
    expect(readEcho(body(vllm), 1)).toMatchObject({ promptTokens: [1, 5], tokens: [1, 5, 6] });
  });

  it("leaves ids and offsets empty where a server gives none, and needs log-probabilities", () => {
    const bare = { text: "ab", logprobs: { token_logprobs: [null, -1] } };
    expect(readEcho(body(bare), 0)).toMatchObject({ ok: true, promptTokens: [], tokens: [], offsets: [] });
    expect(readEcho(body({ text: "ab", logprobs: null }), 0)).toEqual({
      ok: false,
      why: "the server gives no log-probabilities of a prompt",
    });
    expect(readEcho(body({ ...bare, logprobs: { ...logprobs, token_ids: [-1] } }), 0)).toMatchObject({
      ok: false,
    });
    expect(readEcho(body({ ...bare, logprobs: { ...logprobs, text_offset: ["0"] } }), 0)).toMatchObject({
      ok: false,
    });
  });
});
