import { mkdtemp, rm, stat } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Brain, BrainReply } from "./brain.ts";
import { BrainError } from "./brain-error.ts";
import { startBrainBroker, type BrokerOptions, type Exchange } from "./broker.ts";

const reply: BrainReply = {
  text: "hello",
  toolCalls: [{ id: "c1", name: "finish", arguments: "{}" }],
  usage: { promptTokens: 10, completionTokens: 5 },
  waitedMs: 20,
};
const question = { model: "brain", messages: [{ role: "user", content: "hi" }] };

function brainThat(complete: Brain["complete"]): Brain {
  return { provider: "scripted", label: "scripted:test", complete };
}

async function started(options: Partial<BrokerOptions> = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "redline-broker-"));
  const socketPath = path.join(folder, "brain.sock");
  const broker = await startBrainBroker({
    socketPath,
    brain: brainThat(() => Promise.resolve(reply)),
    token: "right",
    maxRequests: 3,
    signal: new AbortController().signal,
    ...options,
  });
  const ask = (body: unknown, token = "right", route = "/v1/chat/completions") =>
    new Promise<{ status: number; body: unknown }>((resolve, reject) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const headers = { authorization: `Bearer ${token}`, "content-length": Buffer.byteLength(text) };
      const request = http.request({ socketPath, path: route, method: "POST", headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
          resolve({ status: response.statusCode ?? 0, body: parsed });
        });
      });
      request.on("error", reject);
      request.end(text);
    });
  return {
    broker,
    socketPath,
    ask,
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describe("startBrainBroker", () => {
  it("answers in OpenAI's shape and counts", async () => {
    const heard: Exchange[] = [];
    await using served = await started({ onExchange: (exchange) => heard.push(exchange) });
    const answer = await served.ask(question);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      object: "chat.completion",
      model: "scripted:test",
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            content: "hello",
            tool_calls: [{ id: "c1", function: { name: "finish", arguments: "{}" } }],
          },
        },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
    expect(served.broker.counts).toEqual({
      ...{
        requests: 1,
        refused: 0,
        answered: 1,
        unreachable: false,
        failed: 0,
        promptTokens: 10,
        completionTokens: 5,
        waitedMs: 20,
      },
    });
    expect(heard).toHaveLength(1);
  });

  it.each([
    ["a wrong token", question, "wrong", undefined, 401, "invalid_api_key"],
    ["another route", question, "right", "/v1/models", 404, "not_found"],
    ["no JSON", "{", "right", undefined, 400, "not_json"],
    [
      "another shape",
      { messages: [{ role: "wizard", content: "x" }] },
      "right",
      undefined,
      400,
      "bad_request",
    ],
  ])("refuses %s", async (_, body, token, route, status, code) => {
    await using served = await started();
    const answer = await served.ask(body, token, route);
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(served.broker.counts).toMatchObject({ requests: 0, refused: 1 });
  });

  it("reads no more than 4 MiB of a body", async () => {
    await using served = await started();
    // The broker may close before all is sent: then the client sees an error of its socket.
    const answer = await served.ask("x".repeat(20 * 1024 * 1024)).catch((error: unknown) => String(error));
    if (typeof answer === "string") expect(answer).toMatch(/EPIPE|ECONNRESET/);
    else expect(answer).toMatchObject({ status: 413, body: { error: { code: "body_too_large" } } });
    expect(served.broker.counts).toMatchObject({ requests: 0, refused: 1 });
  });

  it("stops at the limit of requests and of tokens", async () => {
    await using served = await started({ maxRequests: 2 });
    const answers = [await served.ask(question), await served.ask(question), await served.ask(question)];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 429]);
    await using thrifty = await started({ maxTokens: 15 });
    expect((await thrifty.ask(question)).status).toBe(200);
    expect(await thrifty.ask(question)).toMatchObject({
      status: 429,
      body: { error: { code: "insufficient_quota" } },
    });
  });

  it.each([
    ["unavailable", 503],
    ["timeout", 504],
    ["bad_reply", 502],
  ] as const)("turns a brain's %s into an error object that names no host", async (code, status) => {
    const brain = brainThat(() => Promise.reject(new BrainError(code, "10.0.0.7 said no", { waitedMs: 40 })));
    await using served = await started({ brain });
    const answer = await served.ask(question);
    expect(answer).toMatchObject({ status, body: { error: { code, type: "server_error" } } });
    expect(JSON.stringify(answer.body)).not.toContain("10.0.0.7");
    expect(served.broker.counts).toMatchObject({ requests: 1, failed: 1, refused: 0, waitedMs: 40 });
  });

  it("ends with its signal, a question under way too, and leaves no socket", async () => {
    const stop = new AbortController();
    let asked: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => (asked = resolve));
    const brain = brainThat((_, signal) => {
      asked();
      return new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new BrainError("aborted", "stopped"))),
      );
    });
    await using served = await started({ brain, signal: stop.signal });
    const answer = served.ask(question).catch((error: unknown) => String(error));
    await underWay;
    stop.abort();
    expect(JSON.stringify(await answer)).toMatch(/ECONNRESET|socket hang up|aborted/);
    await served.broker[Symbol.asyncDispose]();
    await expect(stat(served.socketPath)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("rejects where the socket exists already", async () => {
    await using served = await started();
    const second = startBrainBroker({
      socketPath: served.socketPath,
      brain: brainThat(() => Promise.resolve(reply)),
      token: "other",
      maxRequests: 1,
      signal: new AbortController().signal,
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect((await served.ask(question)).status).toBe(200);
  });
});
