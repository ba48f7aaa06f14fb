import { describe, expect, it } from "vitest";
import type { Brain, BrainRequest } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import type { RemoteBrainOptions } from "./remote-brain-options.ts";
import { json, stubServer, type Answer } from "./stub-server.ts";

/** What a provider over HTTP has to bring to be put to the suite. */
export interface RemoteProvider {
  readonly name: Brain["provider"];
  open(options: RemoteBrainOptions): Brain;
  /** A success as the provider's server sends it. */
  answer(reply: { text: string; call?: { name: string; input: object } }): unknown;
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

const never = () => new AbortController().signal;

async function failure(asked: Promise<unknown>): Promise<BrainError> {
  const error: unknown = await asked.then(
    () => new Error("it answered"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BrainError);
  return error instanceof BrainError ? error : new BrainError("bad_reply", String(error));
}

/** What each provider does, scripted ones too. */
export function brainConformance(name: string, open: () => Brain): void {
  describe(`${name} as a brain`, () => {
    it("is labelled with its provider", () => {
      const brain = open();
      expect(brain.label.startsWith(`${brain.provider}:`)).toBe(true);
    });

    it("rejects as aborted when the signal already is", async () => {
      const error = await failure(open().complete(QUESTION, AbortSignal.abort()));
      expect(error.code).toBe("aborted");
    });
  });
}

/** What each provider over HTTP does, against a real server that speaks as the provider's does. */
export function remoteBrainConformance(provider: RemoteProvider): void {
  const withServer = async (
    answer: Answer,
    test: (brain: Brain, server: Awaited<ReturnType<typeof stubServer>>) => Promise<void>,
    options: Partial<RemoteBrainOptions> = {},
  ) => {
    await using server = await stubServer(answer);
    const limits = { timeoutMs: 5_000, replyBytes: 100_000, retries: 2, backoffMs: 10 };
    await test(provider.open({ baseUrl: server.url, model: "m-1", ...limits, ...options }), server);
  };
  const fine = json(provider.answer({ text: "hello" }));

  describe(`${provider.name} over HTTP`, () => {
    it("hands on text and usage", () =>
      withServer(fine, async (brain) => {
        const reply = await brain.complete(QUESTION, never());
        const usage = { promptTokens: 11, completionTokens: 7 };
        expect(reply).toEqual({ text: "hello", toolCalls: [], usage, waitedMs: 0 });
      }));

    it("hands on tool calls as JSON text with an id", () =>
      withServer(
        json(provider.answer({ text: "", call: { name: "finish", input: { message: "ä" } } })),
        async (brain) => {
          const [call] = (await brain.complete(QUESTION, never())).toolCalls;
          expect(call?.name).toBe("finish");
          expect(call?.id).toMatch(/./);
          expect(JSON.parse(call?.arguments ?? "")).toEqual({ message: "ä" });
        },
      ));

    it("sends model, messages, tools and sampling", () =>
      withServer(
        fine,
        async (brain, server) => {
          await brain.complete(QUESTION, never());
          const body = JSON.stringify(server.seen[0]?.body);
          const model: unknown = expect.objectContaining({ model: "m-1" });
          expect(server.seen[0]?.body).toEqual(model);
          for (const part of [
            "You are a test.",
            "Do it.",
            "run_command",
            "exit: 0",
            '"temperature":0',
            '"seed":5',
          ]) {
            expect(body).toContain(part);
          }
          expect(body).toMatch(/"(max_tokens|num_predict)":64/);
        },
        { temperature: 0, seed: 5, maxTokens: 64 },
      ));

    it("waits and tries again on 429 and 500, and counts the waiting", () =>
      withServer(
        (response, n) => {
          if (n === 0) json(provider.errorBody, 429)(response, n);
          else if (n === 1) json(provider.errorBody, 500)(response, n);
          else fine(response, n);
        },
        async (brain, server) => {
          const reply = await brain.complete(QUESTION, never());
          expect(reply.text).toBe("hello");
          expect(reply.waitedMs).toBe(10 + 20);
          expect(server.seen).toHaveLength(3);
        },
      ));

    it("waits as long as Retry-After says", () =>
      withServer(
        (response, n) =>
          (n === 0 ? json(provider.errorBody, 429, { "retry-after": "0.05" }) : fine)(response, n),
        async (brain) => {
          expect((await brain.complete(QUESTION, never())).waitedMs).toBe(50);
        },
      ));

    it("gives up when tries run out", () =>
      withServer(json(provider.errorBody, 503), async (brain, server) => {
        const error = await failure(brain.complete(QUESTION, never()));
        expect(error).toMatchObject({ code: "unavailable", waitedMs: 30 });
        expect(server.seen).toHaveLength(3);
      }));

    it("does not try again where it was refused, and tells no secret", () =>
      withServer(json({ error: `wrong key ${provider.secret}` }, 401), async (brain, server) => {
        const error = await failure(brain.complete(QUESTION, never()));
        expect(error.code).toBe("refused");
        expect(server.seen).toHaveLength(1);
        for (let at: unknown = error; at instanceof Error; at = at.cause) {
          expect(at.message).not.toContain(provider.secret);
        }
        expect(brain.label).not.toContain(provider.secret);
      }));

    it("follows no redirect: only the address itself was allowed", () =>
      withServer(fine, async (_, elsewhere) => {
        const away: Answer = (response) => {
          response.writeHead(307, { location: `${elsewhere.url}/elsewhere` }).end();
        };
        await withServer(away, async (brain, server) => {
          const error = await failure(brain.complete(QUESTION, never()));
          expect(error.message).toContain("307");
          expect([server.seen.length, elsewhere.seen.length]).toEqual([1, 0]);
        });
      }));

    it("times out on a server that hangs", () =>
      withServer(
        () => undefined,
        async (brain, server) => {
          expect((await failure(brain.complete(QUESTION, never()))).code).toBe("timeout");
          expect(server.seen).toHaveLength(1);
        },
        { timeoutMs: 100 },
      ));

    it("times out on a body that never ends", () =>
      withServer(
        (response) => void response.writeHead(200, { "content-type": "application/json" }).write("{"),
        async (brain) => {
          expect((await failure(brain.complete(QUESTION, never()))).code).toBe("timeout");
        },
        { timeoutMs: 100 },
      ));

    it("stops when the signal aborts, while asking and while waiting", () =>
      withServer(
        (response, n) => {
          if (n > 0) json(provider.errorBody, 500)(response, n);
        },
        async (brain) => {
          for (const ms of [50, 50]) {
            const error = await failure(brain.complete(QUESTION, AbortSignal.timeout(ms)));
            expect(error.code).toBe("aborted");
          }
        },
        { backoffMs: 60_000 },
      ));

    it.each([
      ["text", (response: Parameters<Answer>[0]) => void response.end("it works!")],
      ["another shape", json({ answer: 42 })],
      ["a wrong type", json({ choices: [{ message: 1 }], message: 1 })],
      ["null", json(null)],
    ])("calls %s a bad reply", (_, answer) =>
      withServer(answer, async (brain, server) => {
        expect((await failure(brain.complete(QUESTION, never()))).code).toBe("bad_reply");
        expect(server.seen).toHaveLength(1);
      }),
    );

    it("reads no more than the limit", () =>
      withServer(
        (response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const more = () => {
            while (!response.destroyed && response.write("x".repeat(65_536)));
          };
          response.on("drain", more);
          more();
        },
        async (brain) => {
          expect((await failure(brain.complete(QUESTION, never()))).code).toBe("bad_reply");
        },
      ));

    it("calls a closed port unavailable", async () => {
      const server = await stubServer(fine);
      await server[Symbol.asyncDispose]();
      const limits = { timeoutMs: 1_000, replyBytes: 1_000, retries: 1, backoffMs: 5 };
      const brain = provider.open({ baseUrl: server.url, model: "m-1", ...limits });
      const error = await failure(brain.complete(QUESTION, never()));
      expect(error).toMatchObject({ code: "unavailable", waitedMs: 5 });
    });
  });
}
