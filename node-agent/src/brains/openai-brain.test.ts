import { describe, expect, it } from "vitest";
import { brainConformance, QUESTION, remoteBrainConformance, type RemoteProvider } from "./conformance.ts";
import { openAiBrain } from "./openai-brain.ts";
import { json, stubServer } from "./stub-server.ts";

const provider: RemoteProvider = {
  name: "openai",
  secret: "sk-secret-4711",
  open: (options) => openAiBrain({ ...options, apiKey: () => Promise.resolve("sk-secret-4711") }),
  answer: ({ text, call }) => ({
    id: "chatcmpl-1",
    object: "chat.completion",
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        message: {
          role: "assistant",
          content: text === "" ? null : text,
          ...(call === undefined
            ? {}
            : {
                tool_calls: [
                  {
                    id: "call_x",
                    type: "function",
                    function: { name: call.name, arguments: JSON.stringify(call.input) },
                  },
                ],
              }),
        },
      },
    ],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  }),
  errorBody: { error: { message: "later", type: "server_error", code: "overloaded" } },
};

const unused = {
  baseUrl: "http://127.0.0.1:9",
  model: "m",
  timeoutMs: 1,
  replyBytes: 1,
  retries: 0,
  backoffMs: 0,
};
brainConformance("openai", () => provider.open(unused));
remoteBrainConformance(provider);

describe("openAiBrain", () => {
  it("sends the key as a bearer token, to the path below its base", async () => {
    await using server = await stubServer(json(provider.answer({ text: "x" })));
    const brain = provider.open({
      ...unused,
      baseUrl: `${server.url}/v1`,
      timeoutMs: 5_000,
      replyBytes: 10_000,
    });
    await brain.complete(QUESTION, new AbortController().signal);
    expect(server.seen[0]?.path).toBe("/v1/chat/completions");
    expect(server.seen[0]?.headers.authorization).toBe("Bearer sk-secret-4711");
  });
});
