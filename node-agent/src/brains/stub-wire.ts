import { json, pieces, type Answer } from "./stub-server.ts";

/** What a stub's model says. */
export interface StubReply {
  readonly text: string;
  /** Arguments are JSON text. */
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly model?: string;
  /** Null: the server does not say; default 11 and 7. */
  readonly usage?: { readonly promptTokens: number; readonly completionTokens: number } | null;
}

/** How a provider's server puts an answer on the wire. */
export interface StubWire {
  readonly type: string;
  whole(reply: StubReply): unknown;
  /** The same, streamed. */
  parts(reply: StubReply): readonly string[];
}

const USAGE = { promptTokens: 11, completionTokens: 7 };
const CREATED = 1_767_225_600;

/** Cut in three: a client has to put it together. */
function thirds(text: string): string[] {
  const at = Math.ceil(text.length / 3);
  return [text.slice(0, at), text.slice(at, 2 * at), text.slice(2 * at)].filter((part) => part !== "");
}

function openAiUsage({ usage = USAGE }: StubReply) {
  if (usage === null) return undefined;
  const { promptTokens, completionTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** As OpenAI's chat completions, and what follows them, send it. */
export const OPENAI_WIRE: StubWire = {
  type: "text/event-stream",
  whole(reply) {
    const { text, calls = [], model = "m-1" } = reply;
    const toolCalls = calls.map((call, n) => ({ id: `call_${n}`, type: "function", function: call }));
    const message = {
      role: "assistant",
      content: text === "" ? null : text,
      ...(calls.length === 0 ? {} : { tool_calls: toolCalls }),
    };
    return {
      ...{ id: "chatcmpl-1", object: "chat.completion", created: CREATED, model },
      choices: [{ index: 0, message, finish_reason: calls.length === 0 ? "stop" : "tool_calls" }],
      usage: openAiUsage(reply),
    };
  },
  parts(reply) {
    const { text, calls = [], model = "m-1" } = reply;
    const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: CREATED, model };
    const chunk = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const callParts = calls.flatMap((call, index) => [
      chunk({
        tool_calls: [
          { index, id: `call_${index}`, type: "function", function: { name: call.name, arguments: "" } },
        ],
      }),
      ...thirds(call.arguments).map((part) =>
        chunk({ tool_calls: [{ index, function: { arguments: part } }] }),
      ),
    ]);
    const usage = openAiUsage(reply);
    return [
      chunk({ role: "assistant", content: "" }),
      // Comments keep a connection open, and mean nothing.
      ": still here\n\n",
      ...thirds(text).map((part) => chunk({ content: part })),
      ...callParts,
      chunk({}, calls.length === 0 ? "stop" : "tool_calls"),
      ...(usage === undefined ? [] : [`data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`]),
      "data: [DONE]\n\n",
    ];
  },
};

/** As Ollama's own API sends it. */
export const OLLAMA_WIRE: StubWire = {
  type: "application/x-ndjson",
  whole(reply) {
    const { text, calls = [], model = "m-1", usage = USAGE } = reply;
    const toolCalls = calls.map((call) => {
      const input: unknown = JSON.parse(call.arguments);
      return { function: { name: call.name, arguments: input } };
    });
    return {
      ...{ model, created_at: "2026-01-01T00:00:00Z", done: true, done_reason: "stop" },
      message: {
        ...{ role: "assistant", content: text },
        ...(calls.length === 0 ? {} : { tool_calls: toolCalls }),
      },
      ...(usage === null
        ? {}
        : { prompt_eval_count: usage.promptTokens, eval_count: usage.completionTokens }),
    };
  },
  parts(reply) {
    const line = (body: unknown) => `${JSON.stringify(body)}\n`;
    const { model = "m-1", usage } = reply;
    const head = { model, created_at: "2026-01-01T00:00:00Z" };
    const none = { message: { role: "assistant", content: "" }, done: false };
    const last = { ...reply, text: "", calls: [] };
    const calls = { ...head, ...none, message: messageOf({ ...reply, text: "" }) };
    return [
      ...thirds(reply.text).map((content) =>
        line({ ...head, ...none, message: { role: "assistant", content } }),
      ),
      ...((reply.calls ?? []).length === 0 ? [] : [line(calls)]),
      line(OLLAMA_WIRE.whole(usage === undefined ? last : { ...last, usage })),
    ];
  },
};

function messageOf(reply: StubReply): unknown {
  const whole = OLLAMA_WIRE.whole(reply);
  return typeof whole === "object" && whole !== null && "message" in whole ? whole.message : undefined;
}

/** Answers as the request wants it: streamed, or as a whole. */
export function replies(wire: StubWire, replyFor: StubReply | ((n: number) => StubReply)): Answer {
  return (response, n, seen) => {
    const reply = typeof replyFor === "function" ? replyFor(n) : replyFor;
    const wanted = typeof seen.body === "object" && seen.body !== null && "stream" in seen.body;
    const answer =
      wanted && seen.body.stream === true ? pieces(wire.type, wire.parts(reply)) : json(wire.whole(reply));
    answer(response, n, seen);
  };
}
