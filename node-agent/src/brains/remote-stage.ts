import { expect } from "vitest";
import type { Brain, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";
import { json, stubServer, type Answer, type StubServer } from "./stub-server.ts";
import { replies, type StubReply, type StubWire } from "./stub-wire.ts";

/** What a provider over HTTP has to bring to be put to the suite. */
export interface RemoteProvider {
  readonly name: Brain["provider"];
  open(options: RemoteBrainOptions): Brain;
  /** Answers as the provider's server sends them. */
  readonly wire: StubWire;
  readonly errorBody: unknown;
  /** A secret that must be in no error and no label. */
  readonly secret: string;
}

export const QUESTION: BrainRequest = {
  messages: [
    { role: "system", content: "You are a test." },
    { role: "user", content: "Do it." },
    {
      role: "assistant",
      content: "",
      tool_calls: [
        { id: "c1", type: "function", function: { name: "run_command", arguments: '{"command":"ls"}' } },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: "exit: 0" },
  ],
  tools: [
    {
      type: "function",
      function: { name: "run_command", description: "Runs.", parameters: { type: "object", properties: {} } },
    },
  ],
};

export const never = (): AbortSignal => new AbortController().signal;

export async function failure(asked: Promise<unknown>): Promise<BrainError> {
  const error: unknown = await asked.then(
    () => new Error("it answered"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BrainError);
  return error instanceof BrainError ? error : new BrainError("bad_reply", String(error));
}

/** For tests of one provider: its brain in front of a real server that speaks as the provider's does. */
export function remoteStage(provider: RemoteProvider) {
  const answered = (reply: StubReply | ((n: number) => StubReply)) => replies(provider.wire, reply);
  return {
    withServer: async (
      answer: Answer,
      test: (brain: Brain, server: StubServer) => Promise<void>,
      options: Partial<RemoteBrainOptions> = {},
    ) => {
      await using server = await stubServer(answer);
      const limits = { timeoutMs: 5_000, idleMs: 5_000, replyBytes: 100_000, retries: 2, backoffMs: 10 };
      await test(provider.open({ baseUrl: server.url, model: "m-1", ...limits, ...options }), server);
    },
    answered,
    fine: answered({ text: "hello" }),
    whole: (reply: StubReply) => json(provider.wire.whole(reply)),
  };
}
