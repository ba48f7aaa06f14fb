import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import { generate } from "./generation.ts";
import { planChat, planCompletion, type GenerationPlan } from "./generation-plan.ts";
import { readJson, sendJson, startEvents } from "./http-io.ts";
import { chatChunk, chatReply, completionChunk, completionReply, replyFrame } from "./openai-replies.ts";
import type { ReplyFrame } from "./openai-replies.ts";
import { TurnQueue } from "./turn-queue.ts";

const BODY_LIMIT_BYTES = 1024 * 1024;
const QUEUE_LIMIT = 32;

/** Not yet listening. One request at a time reaches the engine; more than the queue holds get a 503. */
export function modelServer(engine: Engine, name: string, nowSeconds: () => number): Server {
  const queue = new TurnQueue(QUEUE_LIMIT);
  const since = nowSeconds();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    switch (`${request.method ?? ""} ${pathname}`) {
      case "GET /health":
        sendJson(response, 200, { status: "ok", model: name });
        return;
      case "GET /v1/models": {
        const model = { id: name, object: "model", created: since, owned_by: "redline" };
        sendJson(response, 200, { object: "list", data: [model] });
        return;
      }
      case "POST /v1/completions":
      case "POST /v1/chat/completions":
        return complete(request, response, pathname === "/v1/chat/completions");
      default:
        throw new ApiError(404, `there is no ${request.method ?? ""} ${pathname}`, "not_found");
    }
  };

  const complete = async (
    request: IncomingMessage,
    response: ServerResponse,
    chat: boolean,
  ): Promise<void> => {
    if (queue.full) throw new ApiError(503, "too many requests are waiting", "busy");
    const plan = await readPlan(engine, await readJson(request, BODY_LIMIT_BYTES), chat);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await queue.run(async () => {
      if (gone.signal.aborted) return;
      const frame = replyFrame(engine, name, chat ? "chatcmpl" : "cmpl", nowSeconds());
      await (plan.stream ? stream : whole)(response, frame, plan, chat, gone.signal);
    });
  };

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error));
  });
}

/** zod takes longer to load than the weights: it comes with the first request, or before. */
export async function loadRequestSchema() {
  return import("./request-schema.ts");
}

async function readPlan(engine: Engine, body: unknown, chat: boolean): Promise<GenerationPlan> {
  const { chatRequest, completionRequest } = await loadRequestSchema();
  const parsed = chat ? chatRequest.safeParse(body) : completionRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ApiError(400, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`);
  }
  return "messages" in parsed.data ? planChat(engine, parsed.data) : planCompletion(engine, parsed.data);
}

async function whole(
  response: ServerResponse,
  frame: ReplyFrame,
  plan: GenerationPlan,
  chat: boolean,
  signal: AbortSignal,
): Promise<void> {
  const top = plan.echo ? plan.logprobs : undefined;
  const scored = top === undefined ? [] : await frame.engine.score(plan.prompt, top);
  const made = await generate(frame.engine, plan, signal);
  sendJson(response, 200, chat ? chatReply(frame, plan, made) : completionReply(frame, plan, made, scored));
}

async function stream(
  response: ServerResponse,
  frame: ReplyFrame,
  plan: GenerationPlan,
  chat: boolean,
  signal: AbortSignal,
): Promise<void> {
  const chunk = chat ? chatChunk : completionChunk;
  const send = startEvents(response);
  const made = await generate(frame.engine, plan, signal, (text) =>
    send(JSON.stringify(chunk(frame, text, null))),
  );
  send(JSON.stringify(chunk(frame, "", made.finishReason)));
  send("[DONE]");
  response.end();
}

function fail(response: ServerResponse, error: unknown): void {
  // Once a stream has begun there is no status left to say it with.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known = error instanceof ApiError ? error : new ApiError(500, "the engine failed");
  // The rest of a body that was too long is not waited for.
  if (known.status === 413) response.setHeader("connection", "close");
  sendJson(response, known.status, known.body());
}
