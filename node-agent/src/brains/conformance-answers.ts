import { expect, it } from "vitest";
import type { BrainRequest } from "./brain.ts";
import { failure, never, QUESTION, remoteStage, type RemoteProvider } from "./remote-stage.ts";
import { CONTEXT_ERRORS } from "./stub-context-errors.ts";
import { json } from "./stub-server.ts";

const FIRST = { role: "user", content: "Do it." } as const;

/** System, task, and five turns of a call with its result. */
const LONG_TALK: BrainRequest = {
  tools: [],
  messages: [
    { role: "system", content: "You are a test." },
    FIRST,
    ...[1, 2, 3, 4, 5].flatMap((n): BrainRequest["messages"] => [
      {
        role: "assistant",
        content: `turn ${n}`,
        tool_calls: [{ id: `c${n}`, type: "function", function: { name: "run_command", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: `c${n}`, content: `result ${n}` },
    ]),
  ],
};

/** Messages of a request. */
function sizeOf(body: unknown): number {
  const held = typeof body === "object" && body !== null && "messages" in body ? body.messages : [];
  return Array.isArray(held) ? held.length : 0;
}

/** What comes of answers, and of conversations that are too long for one. */
export function remoteAnswerConformance(provider: RemoteProvider): void {
  const { withServer, answered, fine, whole } = remoteStage(provider);

  it.each([
    ["streamed", fine],
    ["whole, by a server that knows no streams", whole({ text: "hello" })],
  ])("hands on text, usage and the model's name, %s", (_, answer) =>
    withServer(answer, async (brain, server) => {
      const reply = await brain.complete(QUESTION, never());
      const usage = { promptTokens: 11, completionTokens: 7 };
      expect(reply).toEqual({ text: "hello", toolCalls: [], usage, waitedMs: 0, model: "m-1" });
      expect(server.seen[0]?.body).toMatchObject({ stream: true });
    }),
  );

  it.each([
    ["streamed", answered],
    ["whole", whole],
  ])("hands on tool calls as JSON text with an id, %s", (_, as) =>
    withServer(
      as({
        text: "",
        calls: [
          { name: "finish", arguments: '{"message":"ä"}' },
          { name: "run_command", arguments: '{"command":"ls -l"}' },
        ],
      }),
      async (brain) => {
        const { toolCalls } = await brain.complete(QUESTION, never());
        expect(toolCalls.map((call) => call.name)).toEqual(["finish", "run_command"]);
        expect(new Set(toolCalls.map((call) => call.id)).size).toBe(2);
        expect(toolCalls.map((call): unknown => JSON.parse(call.arguments))).toEqual([
          { message: "ä" },
          { command: "ls -l" },
        ]);
      },
    ),
  );

  it("says so where the server counts nothing", () =>
    withServer(answered({ text: "hello", usage: null }), async (brain) => {
      const reply = await brain.complete(QUESTION, never());
      expect(reply).toMatchObject({ unmetered: true, usage: { promptTokens: 0, completionTokens: 0 } });
    }));

  it("makes numbers of what cannot be a count", () =>
    withServer(
      answered({ text: "hello", usage: { promptTokens: -3.5, completionTokens: 1e300 } }),
      async (brain) => {
        const { usage } = await brain.complete(QUESTION, never());
        expect(usage).toEqual({ promptTokens: 0, completionTokens: 1e9 });
      },
    ));

  it("takes an empty answer as one", () =>
    withServer(answered({ text: "" }), async (brain) => {
      expect(await brain.complete(QUESTION, never())).toMatchObject({ text: "", toolCalls: [] });
    }));

  it("puts characters together that a chunk has cut", () =>
    withServer(
      (response) => {
        const bytes = Buffer.from(provider.wire.parts({ text: "Zürich 東京 🙂" }).join(""));
        response.writeHead(200, { "content-type": provider.wire.type });
        const rest = (at: number) => {
          if (at >= bytes.length) response.end();
          else response.write(bytes.subarray(at, at + 7), () => rest(at + 7));
        };
        rest(0);
      },
      async (brain) => {
        expect((await brain.complete(QUESTION, never())).text).toBe("Zürich 東京 🙂");
      },
    ));

  it.each(CONTEXT_ERRORS)("leaves out the oldest turns where $server takes no more", ({ status, body }) =>
    withServer(
      (response, n, seen) => (sizeOf(seen.body) > 5 ? json(body, status) : fine)(response, n, seen),
      async (brain, server) => {
        const reply = await brain.complete(LONG_TALK, never());
        expect(reply.text).toBe("hello");
        // Whole, without one turn, without two, without four.
        expect(server.seen.map((request) => sizeOf(request.body))).toEqual([12, 10, 8, 4]);
        expect(reply.sent?.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool"]);
        expect(reply.sent?.[1]).toEqual(LONG_TALK.messages[1]);
        expect(reply.sent?.at(-1)).toEqual(LONG_TALK.messages.at(-1));
      },
    ),
  );

  it("ends on a long conversation where the policy says so, or where nothing is left to leave out", async () => {
    const { body, status } = CONTEXT_ERRORS[0] ?? { body: null, status: 0 };
    for (const [overflow, asked] of [
      ["end", 1],
      ["drop-oldest", 4],
    ] as const)
      await withServer(
        json(body, status),
        async (brain, server) => {
          const error = await failure(brain.complete(LONG_TALK, never()));
          expect(error.code).toBe("context_overflow");
          expect(server.seen).toHaveLength(asked);
        },
        { overflow },
      );
  });

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
}
