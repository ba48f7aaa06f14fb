import { completionQuestion, type Canary } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { HttpAnswer } from "../observe/probe/http-question.ts";
import { scoreList } from "./score-list.ts";

const requestSchema = z.object({
  prompt: z.union([z.string(), z.array(z.number())]),
  max_tokens: z.number(),
});
type Request = z.infer<typeof requestSchema>;
type Respond = (request: Request, index: number) => HttpAnswer;

const canaryOf = (nonce: string, more: Partial<Canary> = {}): Canary => ({
  nonce,
  tokens: [70, 71],
  logprobs: [-1, -2],
  text: "CD",
  error: "",
  ...more,
});
const ok = (choice: object, usage = {}): HttpAnswer => ({
  status: 200,
  body: JSON.stringify({ choices: [choice], usage }),
  error: "",
});

const codes = (text: string) => [...Buffer.from(text)];

/** A server with one token a character, id = code; it gives -id/100 to every token but the first. */
function echoOf(prompt: Request["prompt"], ids = true): HttpAnswer {
  const tokens = typeof prompt === "string" ? codes(prompt) : prompt;
  return ok({
    text: String.fromCharCode(...tokens),
    logprobs: {
      token_logprobs: tokens.map((id, i) => (i === 0 ? null : -id / 100)),
      text_offset: tokens.map((_, i) => i),
      ...(ids ? { token_ids: tokens } : {}),
    },
  });
}

async function score(canaries: readonly Canary[], respond: Respond, signal = new AbortController().signal) {
  const requests: Request[] = [];
  const answers = canaries.map((canary) => ({
    nonce: canary.nonce,
    text: completionQuestion(canary.nonce),
    canary,
  }));
  const scores = [];
  const ask = (json: unknown) => {
    const request = requestSchema.parse(json);
    requests.push(request);
    return Promise.resolve(respond(request, requests.length - 1));
  };
  for await (const each of scoreList(ask, answers, signal)) scores.push(each);
  return { scores, requests };
}

describe("scoreList", () => {
  it("asks for the prompt's ids, then for those with the answer's behind them", async () => {
    const { scores, requests } = await score([canaryOf("n")], ({ prompt }) => echoOf(prompt));
    expect(scores).toEqual([{ nonce: "n", logprobs: [-0.7, -0.71], error: "" }]);
    const question = completionQuestion("n");
    expect(requests.map((r) => r.prompt)).toEqual([question, [...codes(question), 70, 71]]);
    expect(requests.every((r) => r.max_tokens === 0)).toBe(true);
  });

  it("asks for one token more where a server refuses none, and leaves it out", async () => {
    const { scores, requests } = await score([canaryOf("n"), canaryOf("m")], ({ prompt, max_tokens }) => {
      if (max_tokens === 0) return { status: 400, body: "{}", error: "" };
      return typeof prompt === "string" ? echoOf(`${prompt}!`) : echoOf([...prompt, 33]);
    });
    expect(scores.map((s) => s.logprobs)).toEqual([
      [-0.7, -0.71],
      [-0.7, -0.71],
    ]);
    expect(requests.map((r) => r.max_tokens)).toEqual([0, 1, 1, 1, 1]);
  });

  it("goes by text where one side gives no ids", async () => {
    const byServer = await score([canaryOf("n")], ({ prompt }) => echoOf(prompt, false));
    expect(byServer.scores[0]?.logprobs.map((l) => Math.round(l * 100))).toEqual([-67, -68]);
    const byChooser = await score([canaryOf("n", { tokens: [] })], ({ prompt }) => echoOf(prompt));
    expect(byChooser.scores).toEqual(byServer.scores);
    expect(byChooser.requests).toHaveLength(1);
  });

  it.each([
    [
      "of no exact text",
      canaryOf("n", { tokens: [], text: "\ufffd\ufffd" }),
      "can be told neither by ids nor by text",
    ],
    ["parted otherwise", canaryOf("n", { tokens: [], logprobs: [-1] }), "into 2 tokens, the chooser into 1"],
    ["with a number that is no token", canaryOf("n", { tokens: [2 ** 32, 71] }), "a token id that is none"],
    ["with an error", canaryOf("n", { error: "no answer" }), "there is no answer with tokens to score"],
    [
      "without tokens",
      canaryOf("n", { tokens: [], logprobs: [] }),
      "there is no answer with tokens to score",
    ],
  ])("says why a canary %s has no score", async (_name, canary, why) => {
    const { scores } = await score([canary, canaryOf("m")], ({ prompt }) =>
      echoOf(prompt, canary.tokens.length > 0),
    );
    expect(scores[0]?.error).toContain(why);
    expect(scores[0]?.logprobs).toEqual([]);
    // The next one is asked all the same.
    expect(scores[1]?.error).toBe("");
  });

  it("refuses a score of other tokens than those it sent, of too few, and of no numbers", async () => {
    const wrong = async (second: HttpAnswer) =>
      (await score([canaryOf("n")], ({ prompt }) => (typeof prompt === "string" ? echoOf(prompt) : second)))
        .scores[0];
    const length = completionQuestion("n").length;
    const answer = (ids: number[], logprobs: unknown[]) =>
      ok({ text: "", logprobs: { token_ids: ids, token_logprobs: logprobs } });
    const filled = <T>(value: T, ...last: T[]) => [...Array.from({ length }, () => value), ...last];
    expect((await wrong(answer(filled(1, 70, 72), filled(-1, -1, -1))))?.error).toContain("other tokens");
    expect((await wrong(answer(filled(1, 70, 71), filled(-1, -1))))?.error).toBe(
      "1 log-probabilities for 2 tokens",
    );
    expect((await wrong(answer(filled(1, 70, 71), filled<unknown>(-1, -1, null))))?.error).toContain(
      "that is none",
    );
  });

  it("goes on after a refusal, and ends at silence", async () => {
    const refused = await score([canaryOf("a"), canaryOf("b")], ({ prompt }, i) =>
      i === 0 ? { status: 500, body: "", error: "" } : echoOf(prompt),
    );
    expect(refused.scores.map((s) => s.error)).toEqual(["HTTP status 500", ""]);
    const silent = await score([canaryOf("a"), canaryOf("b")], () => ({
      status: 0,
      body: "",
      error: "hung",
    }));
    expect(silent.scores.map((s) => s.error)).toEqual([
      "hung",
      "not asked: the question before it had no answer",
    ]);
    expect(silent.requests).toHaveLength(1);
    const late = await score([canaryOf("a")], ({ prompt }) => echoOf(prompt), AbortSignal.abort());
    expect(late.scores[0]?.error).toBe("not asked: time is up");
  });
});
