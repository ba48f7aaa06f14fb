import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import http from "node:http";
import { oversightRecordSchema, type ExchangeBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { BrainError } from "./brain-error.ts";
import { startBrainBroker } from "./broker.ts";
import {
  ANY_NUMBER as anyNumber,
  ASKED as question,
  brainThat,
  PRICE,
  REPLY as reply,
  startedBroker as started,
} from "./broker-fixture.ts";

describe("startBrainBroker", () => {
  it("answers in OpenAI's shape and counts", async () => {
    const heard: ExchangeBody[] = [];
    const onExchange = (record: ExchangeBody) => void heard.push(record);
    await using served = await started({ onExchange, price: PRICE });
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
      ...{ requests: 1, refused: 0, answered: 1, unreachable: false, failed: 0, unmetered: 0 },
      ...{ promptTokens: 10, completionTokens: 5, costUsd: 0.00002, waitedMs: 0, heldMs: anyNumber },
      ...{ over: null, changedModel: null },
    });
    const messages = JSON.stringify(question.messages);
    expect(heard).toEqual([
      {
        kind: "exchange",
        number: 1,
        request: {
          sha256: createHash("sha256").update(messages).digest("hex"),
          bytes: messages.length,
          messages: 1,
        },
        dropped: 0,
        reply: { text: "hello", calls: [{ name: "finish", arguments: "{}" }], cut: false, model: "" },
        ...{ promptTokens: 10, completionTokens: 5, costUsd: 0.00002, tookMs: anyNumber },
        waitedMs: 20,
      },
    ]);
    expect(oversightRecordSchema.parse(heard[0])).toEqual(heard[0]);
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

  it("keeps one connection for many questions", async () => {
    await using served = await started({ limits: { requests: 9 } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    for (let n = 0; n < 3; n++) {
      await new Promise<void>((resolve, reject) => {
        const text = JSON.stringify(question);
        const request = http.request(
          {
            ...{ socketPath: served.socketPath, path: "/v1/chat/completions", method: "POST", agent },
            headers: { authorization: "Bearer right", "content-length": Buffer.byteLength(text) },
          },
          (response) => response.resume().on("end", resolve),
        );
        request.on("error", reject).on("socket", (socket) => sockets.add(socket));
        request.end(text);
      });
    }
    expect([sockets.size, served.broker.counts.answered]).toEqual([1, 3]);
    agent.destroy();
  });

  it("makes its brain ready, and closes it", async () => {
    const calls: string[] = [];
    const brain = {
      ...brainThat(() => Promise.resolve(reply)),
      prepare: () => void calls.push("prepare"),
      close: () => {
        calls.push("close");
        return Promise.resolve();
      },
    };
    const served = await started({ brain });
    expect(calls).toEqual(["prepare"]);
    await served[Symbol.asyncDispose]();
    expect(calls).toEqual(["prepare", "close"]);
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
    expect(served.broker.counts).toMatchObject({ requests: 1, failed: 1, refused: 0 });
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
      limits: { requests: 1 },
      signal: new AbortController().signal,
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect((await served.ask(question)).status).toBe(200);
  });
});
