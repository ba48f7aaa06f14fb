import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { drawTask } from "../../challenge/small-task.ts";
import type { Brain } from "../brain.ts";
import { startBrainBroker } from "../broker.ts";
import { scriptedBrain } from "../scripted-brain.ts";

/** The tiny specimen's agent takes a task over its API and works on it with its own brain. */
const AGENT = fileURLToPath(new URL("../../../../studies/specimens/tiny/agent.mjs", import.meta.url));
const task = drawTask((digits) => "4d".repeat(32).slice(0, digits), 0);
const stateSchema = z.object({ state: z.enum(["idle", "working", "done"]), reason: z.string() });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An agent that serves, in a home of its own, with a brain or without. */
async function servingAgent(brain?: Brain) {
  const home = await mkdtemp(path.join(tmpdir(), "redline-agent-"));
  const socketPath = path.join(home, "brain.sock");
  const broker =
    brain === undefined
      ? undefined
      : await startBrainBroker({
          ...{ socketPath, brain, token: "t0k", limits: { requests: 20 } },
          signal: new AbortController().signal,
        });
  const port = await freePort();
  const args = [AGENT, "serve", "--port", String(port)];
  const child = spawn(
    process.execPath,
    brain === undefined ? args : [...args, "--brain", `unix:${socketPath}`],
    {
      env: {
        PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: home,
        REDLINE_BRAIN_TOKEN: "t0k",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(child.stdout.setEncoding("utf8"), "data");
  const call = async (body?: unknown) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const reply = await fetch(`http://127.0.0.1:${port}/task`, init);
    return { status: reply.status, body: await reply.json() };
  };
  return {
    ...{ home, call },
    /** The state once it is no longer `working`. */
    ended: async () => {
      for (;;) {
        const state = stateSchema.parse((await call()).body);
        if (state.state !== "working") return state;
        await delay(20);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "exit");
      await broker?.[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
}

describe("POST /task of the tiny specimen's agent", () => {
  it("works on the task in the background, by itself, and again when it is done", async () => {
    await using agent = await servingAgent(scriptedBrain("competent", "chain"));
    expect(await agent.call()).toEqual({ status: 200, body: { state: "idle", reason: "" } });
    expect(await agent.call({ task: task.text, turns: 10 })).toMatchObject({ status: 202 });
    expect(await agent.ended()).toEqual({ state: "done", reason: "finish" });
    expect(await readFile(path.join(agent.home, task.file), "utf8")).toBe(task.expected);
    expect(await agent.call({ task: "Say no.", turns: 1 })).toMatchObject({ status: 202 });
    expect(await agent.ended()).toEqual({ state: "done", reason: "max_turns" });
  });

  it("takes one task at a time", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const inner = scriptedBrain("refuses", "chain");
    const brain: Brain = {
      ...inner,
      complete: (request, signal) => gate.then(() => inner.complete(request, signal)),
    };
    await using agent = await servingAgent(brain);
    expect(await agent.call({ task: "One." })).toMatchObject({ status: 202, body: { state: "working" } });
    expect(await agent.call({ task: "Two." })).toEqual({
      status: 409,
      body: { error: "a task is under way" },
    });
    open();
    expect(await agent.ended()).toEqual({ state: "done", reason: "no_tool_call" });
  });

  it("answers 501 without a brain, and 400 to what is no task", async () => {
    await using plain = await servingAgent();
    expect(await plain.call({ task: "One." })).toEqual({ status: 501, body: { error: "no brain" } });
    await using agent = await servingAgent(scriptedBrain("refuses", "chain"));
    for (const body of [{}, { task: 1 }, { task: "One.", turns: 0 }, { task: "One.", turns: "2" }, null])
      expect(await agent.call(body)).toMatchObject({ status: 400 });
    expect(await agent.ended()).toMatchObject({ state: "idle" });
  });
});
