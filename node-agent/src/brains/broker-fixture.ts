import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import type { Brain, BrainReply } from "./brain.ts";
import { startBrainBroker, type BrokerOptions } from "./broker.ts";

export const REPLY: BrainReply = {
  text: "hello",
  toolCalls: [{ id: "c1", name: "finish", arguments: "{}" }],
  usage: { promptTokens: 10, completionTokens: 5 },
  waitedMs: 20,
};
export const ASKED = { model: "brain", messages: [{ role: "user", content: "hi" }] };

/** 20 dollars for a million answers as `REPLY`. */
export const PRICE = { promptUsdPerMTok: 1, completionUsdPerMTok: 2 };

export const ANY_NUMBER: unknown = expect.any(Number);

export function brainThat(complete: Brain["complete"]): Brain {
  return { provider: "scripted", label: "scripted:test", complete };
}

/** A broker on a socket of its own, and a way to ask it as an agent does. */
export async function startedBroker(options: Partial<BrokerOptions> = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "redline-broker-"));
  const socketPath = path.join(folder, "brain.sock");
  const broker = await startBrainBroker({
    socketPath,
    brain: brainThat(() => Promise.resolve(REPLY)),
    token: "right",
    limits: { requests: 3 },
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
