import { describe, expect, it } from "vitest";
import { BrainError } from "../brain-error.ts";
import { brainConformance, QUESTION } from "../conformance.ts";
import { CONTEXT_ERRORS } from "../stub-context-errors.ts";
import { json, stubServer, type Answer } from "../stub-server.ts";
import { OPENAI_WIRE } from "../stub-wire.ts";
import { selfBrain, type AskSelf, type SelfAnswer } from "./self-brain.ts";

const never = () => new AbortController().signal;
const limits = { timeoutMs: 5_000, retries: 1, backoffMs: 5 };
const whole = (text: string) => JSON.stringify(OPENAI_WIRE.whole({ text, model: "tiny" }));
const models = JSON.stringify({ data: [{ id: "tiny" }] });
const fine: SelfAnswer = { status: 200, answer: whole("hello"), error: "" };
/** The list of models, then what is given. */
const answering =
  (...answers: SelfAnswer[]): AskSelf =>
  (path) =>
    Promise.resolve(
      path === "/v1/models" ? { ...fine, answer: models } : (answers.shift() ?? { ...fine, status: 0 }),
    );

brainConformance("self", () => selfBrain({ ...limits, ask: answering(fine) }));

describe("selfBrain", () => {
  it("asks the original's server by its own name for its model", async () => {
    const answer: Answer = (response, n, seen) =>
      (seen.path === "/v1/models"
        ? json({ data: [{ id: "tiny" }] })
        : json(OPENAI_WIRE.whole({ text: "hello" })))(response, n, seen);
    await using server = await stubServer(answer);
    const ask: AskSelf = async (path, body) => {
      const post = { method: "POST", body: JSON.stringify(body) };
      const response = await fetch(`${server.url}${path}`, body === undefined ? {} : post);
      return { status: response.status, answer: await response.text(), error: "" };
    };
    const brain = selfBrain({ ...limits, ask, temperature: 0, maxTokens: 9 });
    for (let n = 0; n < 2; n++)
      expect(await brain.complete(QUESTION, never())).toMatchObject({
        text: "hello",
        usage: { promptTokens: 11 },
      });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/models",
      "POST /v1/chat/completions",
      "POST /v1/chat/completions",
    ]);
    expect(server.seen[1]?.body).toMatchObject({ model: "tiny", temperature: 0, max_tokens: 9 });
  });

  it.each([
    ["no answer", { status: 0, answer: "", error: "ECONNREFUSED" }, "unavailable"],
    ["an answer that was cut", { ...fine, error: "answer of 1048576 bytes or more" }, "bad_reply"],
    ["another shape", { ...fine, answer: "{}" }, "bad_reply"],
    ["no JSON", { ...fine, answer: "it works!" }, "bad_reply"],
    ["a refusal", { status: 400, answer: "{}", error: "" }, "refused"],
    ["no such model", { status: 404, answer: "{}", error: "" }, "denied"],
    [
      "a long conversation",
      { status: 400, answer: JSON.stringify(CONTEXT_ERRORS[0]?.body), error: "" },
      "context_overflow",
    ],
  ] as const)("calls %s what it is", async (_, answer, code) => {
    const request = { tools: [], messages: [{ role: "user", content: "x" }] } as const;
    const brain = selfBrain({ ...limits, ask: answering(answer, answer) });
    await expect(
      brain.complete({ ...request, tools: [], messages: [...request.messages] }, never()),
    ).rejects.toMatchObject({ code });
  });

  it("tries again where the instrument could not ask", async () => {
    let asked = 0;
    const ask: AskSelf = (path, ...rest) => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error("prober ended")) : answering(fine)(path, ...rest);
    };
    const reply = await selfBrain({ ...limits, ask }).complete(QUESTION, never());
    expect(reply).toMatchObject({ text: "hello", waitedMs: 5 });
  });

  it("does not believe that more tokens were used than bytes went by", async () => {
    const said = { prompt_tokens: 1e9, completion_tokens: 1e9 };
    const answer = JSON.stringify({ choices: [{ message: { content: "hello" } }], usage: said });
    const reply = await selfBrain({ ...limits, ask: answering({ ...fine, answer }) }).complete(
      QUESTION,
      never(),
    );
    expect(reply.text).toBe("hello");
    expect(reply.usage.completionTokens).toBe(Buffer.byteLength(answer));
    expect(reply.usage.promptTokens).toBeLessThan(2000);
  });

  it("does not try again where another would be asked in the original's place", async () => {
    let asked = 0;
    const ask: AskSelf = () => Promise.reject(new BrainError("replaced", `another (${(asked += 1)})`));
    const request = selfBrain({ ...limits, ask }).complete(QUESTION, never());
    await expect(request).rejects.toMatchObject({ code: "replaced", message: "another (1)" });
  });

  it("is stopped while the way into the cell waits", async () => {
    const ask: AskSelf = (_path, _json, _ms, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    const brain = selfBrain({ ...limits, ask });
    await expect(brain.complete(QUESTION, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
