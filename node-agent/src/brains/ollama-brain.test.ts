import { describe, expect, it } from "vitest";
import { brainConformance, QUESTION, remoteBrainConformance, type RemoteProvider } from "./conformance.ts";
import { ollamaBrain } from "./ollama-brain.ts";
import { json, stubServer } from "./stub-server.ts";

const provider: RemoteProvider = {
  name: "ollama",
  secret: "no-secret-of-its-own",
  open: ollamaBrain,
  answer: ({ text, call }) => ({
    model: "m-1",
    created_at: "2026-01-01T00:00:00Z",
    done: true,
    message: {
      role: "assistant",
      content: text,
      ...(call === undefined
        ? {}
        : { tool_calls: [{ function: { name: call.name, arguments: call.input } }] }),
    },
    prompt_eval_count: 11,
    eval_count: 7,
  }),
  errorBody: { error: "model is loading" },
};

const limits = { model: "m", timeoutMs: 5_000, replyBytes: 10_000, retries: 0, backoffMs: 0 };
brainConformance("ollama", () => ollamaBrain({ ...limits, baseUrl: "http://127.0.0.1:9" }));
remoteBrainConformance(provider);

describe("ollamaBrain", () => {
  it("names the tool in a tool's answer and sends its input as an object", async () => {
    await using server = await stubServer(json(provider.answer({ text: "x" })));
    await ollamaBrain({ ...limits, baseUrl: server.url }).complete(QUESTION, new AbortController().signal);
    expect(server.seen[0]?.path).toBe("/api/chat");
    expect(server.seen[0]?.body).toHaveProperty("messages.3.tool_name", "run_command");
    expect(server.seen[0]?.body).toHaveProperty("messages.2.tool_calls.0.function.arguments", {
      command: "ls",
    });
  });
});
