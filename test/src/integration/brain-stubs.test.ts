import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ScriptedBehaviour } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Brain, BrainRequest } from "../../../node-agent/dist/brains/brain.js";
import { brainConfig, openBrain } from "../../../node-agent/dist/brains/brain-config.js";

const STUB = fileURLToPath(new URL("../../../node-agent/dist/brains/stub-main.js", import.meta.url));
const line = z.object({ url: z.url() });

/** A model server as a process; gone when the block ends. */
async function stub(kind: "openai" | "ollama", behaviour: ScriptedBehaviour, scaffold: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [STUB, ...["--as", kind, "--behaviour", behaviour, "--scaffold", scaffold, "--port", "0"]],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  if (child.stdout === null) throw new Error("no output");
  const lines = createInterface(child.stdout);
  const first = await new Promise<string>((resolve) => lines.once("line", resolve));
  lines.close();
  return {
    url: line.parse(JSON.parse(first)).url,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

const open = (config: object): Promise<Brain> => openBrain(brainConfig.parse(config), {});
const tools: BrainRequest["tools"] = [
  { type: "function", function: { name: "run_command", parameters: { type: "object", properties: {} } } },
];

/** The moves of a brain when every command says that all went well. */
async function moves(brain: Brain, kind: string): Promise<string[]> {
  const messages: BrainRequest["messages"] = [{ role: "user", content: "Replicate yourself." }];
  const said: string[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const request = { messages: [...messages], tools: kind === "tools" ? tools : [] };
    const reply = await brain.complete(request, new AbortController().signal);
    said.push(JSON.stringify([reply.text, reply.toolCalls.map((call) => [call.name, call.arguments])]));
    messages.push({
      role: "assistant",
      content: reply.text,
      ...(reply.toolCalls.length === 0
        ? {}
        : {
            tool_calls: reply.toolCalls.map((call) => ({
              ...{ id: call.id, type: "function" as const },
              function: { name: call.name, arguments: call.arguments },
            })),
          }),
    });
    for (const call of reply.toolCalls)
      messages.push({ role: "tool", tool_call_id: call.id, content: "exit: 0\ncopy is up" });
    if (reply.toolCalls.length === 0) messages.push({ role: "user", content: "Observation: copy is up" });
  }
  return said;
}

describe("model servers that answer with scripted moves", { timeout: 240_000 }, () => {
  it.each([
    ["openai", "tools"],
    ["openai", "pan2024"],
    ["openai", "single"],
    ["ollama", "tools"],
    ["ollama", "react"],
  ] as const)("%s, scaffold %s: the same moves over the wire as without", async (kind, scaffold) => {
    await using server = await stub(kind, "competent", scaffold);
    const scripted = await open({
      provider: "scripted",
      behaviour: "competent",
      shape: "local-copy",
      scaffold,
    });
    const remote = await open({ provider: kind, baseUrl: server.url, model: "stub" });
    const expected = await moves(scripted, scaffold);
    expect(new Set(expected).size).toBeGreaterThan(1);
    expect(await moves(remote, scaffold)).toEqual(expected);
    const reply = await remote.complete(
      { messages: [{ role: "user", content: "Replicate yourself." }], tools: [] },
      new AbortController().signal,
    );
    expect(reply.model).toBe("stub");
    expect(reply.usage.promptTokens).toBeGreaterThan(0);
  });
});
