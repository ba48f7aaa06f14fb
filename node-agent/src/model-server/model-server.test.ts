import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { serverOptions } from "./server-options.ts";
import { startServer } from "./start-server.ts";
import { tinyWeights } from "./tiny-weights.ts";

async function started(seed: number) {
  const weights = await tinyWeights(seed);
  const server = await startServer(
    serverOptions(["--weights", weights.file, "--port", "0", "--name", "tiny"]),
  );
  const url = `http://127.0.0.1:${server.port}`;
  const post = async (route: string, body: unknown) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(url + route, { method: "POST", body: text });
    return { status: response.status, text: await response.text() };
  };
  return {
    url,
    port: server.port,
    post,
    json: async (route: string, body: unknown): Promise<unknown> => {
      const reply: unknown = JSON.parse((await post(route, body)).text);
      return reply;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await weights[Symbol.asyncDispose]();
    },
  };
}

const chat = (content: string, more = {}) => ({
  messages: [{ role: "user", content }],
  temperature: 0,
  max_tokens: 12,
  ...more,
});

describe("model server", () => {
  it("says that it is healthy and what it serves", async () => {
    await using server = await started(1);
    const health: unknown = await (await fetch(`${server.url}/health`)).json();
    const models: unknown = await (await fetch(`${server.url}/v1/models`)).json();
    expect(health).toEqual({ status: "ok", model: "tiny" });
    expect(models).toMatchObject({ object: "list", data: [{ id: "tiny", object: "model" }] });
  });

  it("completes a chat, greedily the same each time", async () => {
    await using server = await started(1);
    const first = await server.json(
      "/v1/chat/completions",
      chat("hello", { logprobs: true, top_logprobs: 2 }),
    );
    const again = await server.json(
      "/v1/chat/completions",
      chat("hello", { logprobs: true, top_logprobs: 2 }),
    );
    const usage = { prompt_tokens: 26, completion_tokens: 12, total_tokens: 38 };
    expect(first).toMatchObject({ object: "chat.completion", model: "tiny", usage });
    expect(first).toHaveProperty("choices.0.finish_reason", "length");
    expect(first).toHaveProperty("choices.0.logprobs.content.length", 12);
    expect(first).toHaveProperty("choices.0.logprobs.content.0.top_logprobs.length", 2);
    expect(again).toHaveProperty("choices", expect.objectContaining([]));
    expect(JSON.stringify(again).replace(/chatcmpl-[\w-]+|"created":\d+/g, "")).toBe(
      JSON.stringify(first).replace(/chatcmpl-[\w-]+|"created":\d+/g, ""),
    );
  });

  it("scores a prompt without adding to it", async () => {
    await using server = await started(1);
    const body = { prompt: "abcd", temperature: 0, max_tokens: 0, logprobs: 1, echo: true };
    const reply = await server.json("/v1/completions", body);
    expect(reply).toMatchObject({ choices: [{ text: "abcd" }], usage: { completion_tokens: 0 } });
    expect(reply).toHaveProperty("choices.0.logprobs.token_logprobs", [
      null,
      ...Array.from({ length: 4 }, () => expect.any(Number) as unknown),
    ]);
  });

  it("streams the same text", async () => {
    await using server = await started(2);
    const whole = await server.json("/v1/completions", { prompt: "one two", temperature: 0 });
    const { text } = await server.post("/v1/completions", {
      prompt: "one two",
      temperature: 0,
      stream: true,
    });
    const events = text.split("\n\n").filter((event) => event !== "");
    expect(events.at(-1)).toBe("data: [DONE]");
    const chunks: unknown[] = events
      .slice(0, -1)
      .map((event): unknown => JSON.parse(event.slice("data: ".length)));
    const pieces = chunks.map((chunk) => /"text":"((?:[^"\\]|\\.)*)"/.exec(JSON.stringify(chunk))?.[1]);
    expect(whole).toHaveProperty("choices.0.text", JSON.parse(`"${pieces.join("")}"`));
  });

  it("stops at a stop string and leaves it out", async () => {
    await using server = await started(1);
    const reply = await server.post("/v1/completions", { prompt: "stop", temperature: 0, max_tokens: 12 });
    const text = /"text":("(?:[^"\\]|\\.)*")/.exec(reply.text)?.[1] ?? "";
    const full = String(JSON.parse(text));
    const stop = full.slice(5, 7);
    const cut = await server.json("/v1/completions", {
      prompt: "stop",
      temperature: 0,
      max_tokens: 12,
      stop,
    });
    expect(cut).toMatchObject({
      choices: [{ text: full.slice(0, full.indexOf(stop)), finish_reason: "stop" }],
    });
  });

  it("answers many at once, one after the other", async () => {
    await using server = await started(1);
    const alone = await server.json("/v1/completions", { prompt: "n3", temperature: 0 });
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        server.json("/v1/completions", { prompt: `n${n}`, temperature: 0 }),
      ),
    );
    const text = (reply: unknown) => /"text":"(?:[^"\\]|\\.)*"/.exec(JSON.stringify(reply))?.[0];
    expect(text(all[3])).toBe(text(alone));
    expect(new Set(all.map(text)).size).toBe(8);
  });

  it.each([
    ["no JSON", "/v1/completions", "{", 400],
    ["no prompt", "/v1/completions", {}, 400],
    ["two choices", "/v1/completions", { prompt: "a", n: 2 }, 400],
    ["a prompt longer than the context", "/v1/completions", { prompt: "x".repeat(5000) }, 400],
    ["a body that is too long", "/v1/completions", { prompt: "x".repeat(2_000_000) }, 413],
    [
      "a picture",
      "/v1/chat/completions",
      { messages: [{ role: "user", content: [{ type: "image_url" }] }] },
      400,
    ],
    ["another route", "/v1/embeddings", {}, 404],
  ])("refuses %s with an error object", async (_, route, body, status) => {
    await using server = await started(1);
    const reply = await server.post(route, body);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { message: expect.any(String) as unknown } });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it("ends with 98 where the port is taken", async () => {
    await using server = await started(1);
    await using weights = await tinyWeights(1);
    const options = serverOptions(["--weights", weights.file, "--port", String(server.port)]);
    const message = `port ${server.port} is already taken`;
    await expect(startServer(options)).rejects.toMatchObject({ status: 98, message });
  });

  it("ends with 2 where weights are missing or broken", async () => {
    await using weights = await tinyWeights(1);
    const options = serverOptions(["--weights", weights.file, "--port", "0"]);
    await writeFile(weights.file, "no model");
    await expect(startServer(options)).rejects.toMatchObject({ status: 2 });
    const missing = serverOptions(["--weights", "/nowhere/x.gguf"]);
    await expect(startServer(missing)).rejects.toMatchObject({ status: 2 });
  });
});

describe("serverOptions", () => {
  it.each([
    [[]],
    [["--weights", "f", "--port", "65536"]],
    [["--weights", "f", "--context", "x"]],
    [["--no"]],
  ])("refuses %j", (args) =>
    expect(() => serverOptions(args)).toThrow(expect.objectContaining({ status: 2 })),
  );
});
