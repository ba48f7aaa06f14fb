import { z } from "zod";
import { brainRequest, type Brain, type BrainRequest } from "./brain.ts";
import { json, type Answer, type Seen } from "./stub-server.ts";
import { OLLAMA_WIRE, OPENAI_WIRE, replies, type StubReply } from "./stub-wire.ts";

export type StubKind = "openai" | "ollama";

/** Ollama's requests, as far as a conversation needs them. */
const ollamaRequest = z.object({
  messages: z.array(
    z.object({
      role: z.enum(["system", "user", "assistant", "tool"]),
      content: z.string(),
      tool_calls: z
        .array(z.object({ function: z.object({ name: z.string(), arguments: z.unknown().optional() }) }))
        .nullish(),
    }),
  ),
  tools: z.unknown().optional(),
});

/** Characters of one token: near enough for counts that only have to be there. */
const TOKEN_CHARACTERS = 4;

/** A server of the kind whose model makes the moves of `brain`. */
export function stubBrain(kind: StubKind, brain: Brain, model: string): Answer {
  const paths: Record<string, (response: Parameters<Answer>[0], n: number, seen: Seen) => void> = {
    "GET /health": json({ status: "ok" }),
    "GET /v1/models": json({ object: "list", data: [{ id: model, object: "model", owned_by: "stub" }] }),
    "GET /api/tags": json({ models: [{ name: model, digest: "0".repeat(64), size: 1 }] }),
    "POST /api/show": json({ modelfile: `FROM /nowhere/blobs/sha256-${"0".repeat(64)}\n`, details: {} }),
    [kind === "openai" ? "POST /v1/chat/completions" : "POST /api/chat"]: (response, n, seen) => {
      const failed = (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        json({ error: { message, type: "invalid_request_error", code: null } }, 400)(response, n, seen);
      };
      reply(kind, brain, seen.body).then((made) => {
        const wire = kind === "openai" ? OPENAI_WIRE : OLLAMA_WIRE;
        replies(wire, { ...made, model })(response, n, seen);
      }, failed);
    },
  };
  return (response, n, seen) => {
    const answer = paths[`${seen.method} ${seen.path}`] ?? json({ error: "there is no such path" }, 404);
    answer(response, n, seen);
  };
}

async function reply(kind: StubKind, brain: Brain, body: unknown): Promise<StubReply> {
  const request = kind === "openai" ? brainRequest.parse(body) : fromOllama(body);
  const made = await brain.complete(request, new AbortController().signal);
  const calls = made.toolCalls.map((call) => ({ name: call.name, arguments: call.arguments }));
  return {
    text: made.text,
    calls,
    usage: {
      promptTokens: tokensOf(JSON.stringify(request.messages)),
      completionTokens: tokensOf(made.text + JSON.stringify(calls)),
    },
  };
}

const tokensOf = (text: string) => Math.ceil(text.length / TOKEN_CHARACTERS);

/** Ollama knows no ids: a result belongs to the oldest call that has none yet. */
function fromOllama(body: unknown): BrainRequest {
  const { messages, tools } = ollamaRequest.parse(body);
  const open: string[] = [];
  let calls = 0;
  return brainRequest.parse({
    tools: tools ?? [],
    messages: messages.map(({ role, content, tool_calls: made }) => {
      if (role === "tool") return { role, content, tool_call_id: open.shift() ?? "unknown" };
      if (role !== "assistant" || made == null || made.length === 0) return { role, content };
      return {
        ...{ role, content },
        tool_calls: made.map(({ function: called }) => {
          const id = `call-${(calls += 1)}`;
          open.push(id);
          return {
            ...{ id, type: "function" },
            function: { name: called.name, arguments: JSON.stringify(called.arguments) },
          };
        }),
      };
    }),
  });
}
