import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { brainConformance, QUESTION, remoteBrainConformance, type RemoteProvider } from "./conformance.ts";
import { openAiBrain } from "./openai-brain.ts";
import { pieces, stubServer } from "./stub-server.ts";
import { OPENAI_WIRE, replies } from "./stub-wire.ts";

const provider: RemoteProvider = {
  name: "openai",
  secret: "sk-secret-4711",
  open: (options) => openAiBrain({ ...options, apiKey: () => Promise.resolve("sk-secret-4711") }),
  wire: OPENAI_WIRE,
  errorBody: { error: { message: "later", type: "server_error", code: "overloaded" } },
};

const limits = { model: "m", timeoutMs: 5_000, idleMs: 5_000, replyBytes: 10_000, retries: 0, backoffMs: 0 };
const never = () => new AbortController().signal;
brainConformance("openai", () => provider.open({ ...limits, baseUrl: "http://127.0.0.1:9" }));
remoteBrainConformance(provider);

describe("openAiBrain", () => {
  it.each(["/v1", "/v1/"])("sends the key as a bearer token, to the path below its base %s", async (base) => {
    await using server = await stubServer(replies(OPENAI_WIRE, { text: "x" }));
    await provider.open({ ...limits, baseUrl: `${server.url}${base}` }).complete(QUESTION, never());
    expect(server.seen[0]?.path).toBe("/v1/chat/completions");
    expect(server.seen[0]?.headers.authorization).toBe("Bearer sk-secret-4711");
    expect(server.seen[0]?.body).toMatchObject({ stream_options: { include_usage: true } });
  });

  it("sends no authorization where there is no key", async () => {
    await using server = await stubServer(replies(OPENAI_WIRE, { text: "x" }));
    const brain = openAiBrain({ ...limits, baseUrl: server.url, apiKey: () => Promise.resolve("") });
    await brain.complete(QUESTION, never());
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  it("reads a stream without places for its calls and without a last word", async () => {
    const chunk = (delta: object, finish: string | null) =>
      `data:${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\r\n\r\n`;
    const call = (id: string | undefined, name: string | undefined, text: string) => ({
      tool_calls: [{ id, function: { name, arguments: text } }],
    });
    await using server = await stubServer(
      pieces("text/event-stream; charset=utf-8", [
        chunk(call("a", "finish", '{"mes'), null),
        chunk(call(undefined, undefined, 'sage":1}'), null),
        chunk(call("b", "finish", "{}"), "tool_calls"),
      ]),
    );
    const reply = await provider.open({ ...limits, baseUrl: server.url }).complete(QUESTION, never());
    expect(reply.toolCalls).toEqual([
      { id: "a", name: "finish", arguments: '{"message":1}' },
      { id: "b", name: "finish", arguments: "{}" },
    ]);
    expect(reply.unmetered).toBe(true);
  });
});

/** That the stub answers as OpenAI's server does is said by OpenAI's own client. */
describe("the stub's wire form", () => {
  it("is what OpenAI's client reads, streamed and whole", async () => {
    const calls = [{ name: "finish", arguments: '{"message":"done"}' }];
    await using server = await stubServer(replies(OPENAI_WIRE, { text: "hello", calls }));
    const client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
    const asked = { model: "m", messages: [{ role: "user", content: "hi" }] } as const;
    const whole = await client.chat.completions.create({ ...asked, messages: [...asked.messages] });
    const stream = client.chat.completions.stream({ ...asked, messages: [...asked.messages] });
    for (const completion of [whole, await stream.finalChatCompletion()]) {
      const { message, finish_reason: reason } = completion.choices[0] ?? {};
      expect([message?.content, reason]).toEqual(["hello", "tool_calls"]);
      expect(message?.tool_calls).toMatchObject([{ function: calls[0] }]);
    }
  });
});
